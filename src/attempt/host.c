/* Words for host facts. See host.h. */
#include "attempt/host.h"

/* The words of netstat -aon, so that a table can be compared with one from Windows (R15). */
const char *
sock_state_name(enum sock_state s)
{
	switch (s) {
	case SOCK_ESTABLISHED:
		return "ESTABLISHED";
	case SOCK_SYN_SENT:
		return "SYN_SENT";
	case SOCK_SYN_RECV:
		return "SYN_RECEIVED";
	case SOCK_FIN_WAIT1:
		return "FIN_WAIT_1";
	case SOCK_FIN_WAIT2:
		return "FIN_WAIT_2";
	case SOCK_TIME_WAIT:
		return "TIME_WAIT";
	case SOCK_CLOSED:
		return "CLOSED";
	case SOCK_CLOSE_WAIT:
		return "CLOSE_WAIT";
	case SOCK_LAST_ACK:
		return "LAST_ACK";
	case SOCK_LISTEN:
		return "LISTENING";
	case SOCK_CLOSING:
		return "CLOSING";
	case SOCK_UNCONNECTED:
		return "*";
	}
	return "?";
}
