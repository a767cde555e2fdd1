/*
 * What TCP knows of the path when a connection has come to nothing: whether segments of full size
 * were lost while others beyond them arrived (RFC 2923 section 2.1, a black hole). A file of its
 * own, because the kernel's struct tcp_info is longer than the C library's.
 */
#include "os/sock.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

bool
sock_path(int fd, struct sock_path *out)
{
	struct tcp_info info = { 0 };
	socklen_t n = sizeof(info);

	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &n) < 0)
		return false;
	*out = (struct sock_path){ .mss = info.tcpi_snd_mss,
		.pmtu = info.tcpi_pmtu,
		.unacked = info.tcpi_unacked,
		.retries = info.tcpi_retransmits,
		.gaps_out = info.tcpi_sacked,
		.gaps_in = info.tcpi_rcv_ooopack };
	return true;
}
