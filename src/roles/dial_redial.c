/* When to dial anew. See dial_redial.h. */
#include "roles/dial_redial.h"

#define FIRST_MS 1000u
#define MOST_MS 60000u

bool
dial_may_retry(enum cause cause)
{
	switch (cause_info(cause)->class_) {
	case CLASS_OK:
		return cause == CAUSE_ENDED_BY_PEER; /* also how a server says that it stops */
	case CLASS_UNREACHABLE:
	case CLASS_ADDRESSES:
		return true;
	case CLASS_SERVER:
		return cause != CAUSE_ENDED_IDLE && cause != CAUSE_ENDED_SESSION_TIME &&
		       cause != CAUSE_ENDED_HOURS && cause != CAUSE_ENDED_BY_ADMIN;
	case CLASS_INTERNAL:
		return cause != CAUSE_DIAL_CANCELLED && cause != CAUSE_DIAL_TUN;
	case CLASS_CREDENTIALS:
	case CLASS_ACCOUNT:
	case CLASS_POLICY:
	case CLASS_CERTIFICATE:
	case CLASS_ENCRYPTION:
		return false;
	}
	return false;
}

uint32_t
dial_wait_ms(unsigned int try, uint32_t chance)
{
	uint32_t ms = try > 6 ? MOST_MS : FIRST_MS << (try - 1);

	if (ms > MOST_MS)
		ms = MOST_MS;
	return ms - chance % (ms / 4 + 1);
}
