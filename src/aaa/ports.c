/* Counting ports. See ports.h. */
#include "aaa/ports.h"

void
ports_limit(struct ports *p, enum tunnel_kind t, uint32_t limit)
{
	must(t < N_TUNNEL_KIND);
	p->of[t].limit = limit;
}

bool
ports_claim(struct ports *p, enum tunnel_kind t)
{
	if (t >= N_TUNNEL_KIND)
		return false;
	if (p->of[t].used >= p->of[t].limit) {
		p->of[t].refused++;
		return false;
	}
	p->of[t].used++;
	return true;
}

bool
ports_adopt(struct ports *p, enum tunnel_kind t)
{
	if (t == TUNNEL_NONE || t >= N_TUNNEL_KIND)
		return false;
	p->of[t].used++;
	return true;
}

void
ports_release(struct ports *p, enum tunnel_kind t)
{
	must(t < N_TUNNEL_KIND && p->of[t].used > 0);
	p->of[t].used--;
}

struct port_count
ports_of(const struct ports *p, enum tunnel_kind t)
{
	return t < N_TUNNEL_KIND ? p->of[t] : (struct port_count){ 0 };
}
