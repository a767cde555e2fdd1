/* The kernel's tables of sockets, as text, into host facts. See hostfacts.h. Pure. */
#include "os/hostfacts.h"

#include <stdio.h>

/* The next word of a line; empty at its end. */
static struct view
word(struct view *line)
{
	size_t n = 0;

	while (line->n && line->p[0] == ' ')
		*line = view_of(line->p + 1, line->n - 1);
	while (n < line->n && line->p[n] != ' ')
		n++;
	struct view w = view_of(line->p, n);
	*line = view_of(line->p + n, line->n - n);
	return w;
}

static bool
hex_number(struct view v, uint32_t *out)
{
	uint32_t x = 0;

	if (v.n == 0 || v.n > 8)
		return false;
	for (size_t i = 0; i < v.n; i++) {
		uint8_t c = v.p[i];
		uint32_t d = 16;
		if (c >= '0' && c <= '9')
			d = (uint32_t)(c - '0');
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			d = (uint32_t)((c | 0x20) - 'a') + 10;
		if (d == 16)
			return false;
		x = x << 4 | d;
	}
	*out = x;
	return true;
}

static bool
decimal(struct view v, uint64_t *out)
{
	uint64_t x = 0;

	if (v.n == 0 || v.n > 18)
		return false;
	for (size_t i = 0; i < v.n; i++) {
		if (v.p[i] < '0' || v.p[i] > '9')
			return false;
		x = x * 10 + (uint64_t)(v.p[i] - '0');
	}
	*out = x;
	return true;
}

/* "0100007F:01BB": the words of the address as the machine holds them, the port in plain hex. */
static bool
socket_end(struct view v, bool v6, struct endpoint *out)
{
	size_t digits = v6 ? 32 : 8;
	uint32_t x;

	if (v.n != digits + 5 || v.p[digits] != ':' ||
	    !hex_number(view_of(v.p + digits + 1, 4), &x))
		return false;
	*out = (struct endpoint){ .addr.family = v6 ? IP_V6 : IP_V4, .port = (uint16_t)x };
	for (size_t i = 0; i < digits / 8; i++) {
		if (!hex_number(view_of(v.p + 8 * i, 8), &x))
			return false;
		memcpy(out->addr.b + 4 * i, &x, 4);
	}
	return true;
}

/* The kernel's numbers, include/net/tcp_states.h; 7 is a UDP socket without a peer. */
static enum sock_state
state_of(uint32_t x, bool udp)
{
	static const enum sock_state states[] = { SOCK_CLOSED, SOCK_ESTABLISHED, SOCK_SYN_SENT,
		SOCK_SYN_RECV, SOCK_FIN_WAIT1, SOCK_FIN_WAIT2, SOCK_TIME_WAIT, SOCK_CLOSED,
		SOCK_CLOSE_WAIT, SOCK_LAST_ACK, SOCK_LISTEN, SOCK_CLOSING, SOCK_SYN_RECV };

	if (udp && x == 7)
		return SOCK_UNCONNECTED;
	return x < sizeof(states) / sizeof(states[0]) ? states[x] : SOCK_CLOSED;
}

static bool
socket_line(struct view line, bool v6, bool udp, struct host_socket *out)
{
	uint32_t state;
	struct view inode;

	(void)word(&line); /* the number of the line */
	if (!socket_end(word(&line), v6, &out->local) ||
	    !socket_end(word(&line), v6, &out->foreign) || !hex_number(word(&line), &state))
		return false;
	for (unsigned int i = 0; i < 5; i++) /* queues, timer, retransmissions, uid, timeout */
		(void)word(&line);
	inode = word(&line);
	out->state = state_of(state, udp);
	return decimal(inode, &out->inode);
}

void
hostfacts_read_sockets(const char *proto, struct view text, struct host_facts *out)
{
	bool udp = proto[0] == 'U', v6 = strlen(proto) > 3;

	for (bool first = true; text.n; first = false) {
		const uint8_t *nl = memchr(text.p, '\n', text.n);
		size_t n = nl ? (size_t)(nl - text.p) : text.n;
		struct host_socket s = { 0 };
		bool good = !first && socket_line(view_of(text.p, n), v6, udp, &s);

		n += nl != NULL;
		text = view_of(text.p + n, text.n - n);
		if (!good)
			continue;
		if (out->n_sockets == HOST_SOCKETS_MAX) {
			out->sockets_cut = true;
			return;
		}
		snprintf(s.proto, sizeof(s.proto), "%s", proto);
		out->sockets[out->n_sockets++] = s;
	}
}
