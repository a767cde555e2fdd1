/* The table of causes. See cause.h and causes.def. */
#include "attempt/cause.h"

static const struct cause_info causes[] = {
#define CAUSE(num, id, name, blame, class_, ras, nps, wire)                                        \
	{ CAUSE_##id, name, blame, class_, ras, nps, wire },
#include "attempt/causes.def"
#undef CAUSE
};

#define N_CAUSES (sizeof(causes) / sizeof(causes[0]))

static const struct cause_info none = { .cause = CAUSE_NONE, .name = "none", .blame = BLAME_NONE };
static const struct cause_info unknown = {
	.name = "unknown", .blame = BLAME_INTERNAL, .class_ = CLASS_INTERNAL
};

const struct cause_info *
cause_info(enum cause cause)
{
	if (cause == CAUSE_NONE)
		return &none;
	for (size_t i = 0; i < N_CAUSES; i++)
		if (causes[i].cause == cause)
			return &causes[i];
	return &unknown;
}

uint32_t
cause_number_told(const struct cause_info *info, enum auth_method method, bool client)
{
	if (info->wire_kind != WIRE_MSCHAP_E || client)
		return info->ras_error;
	switch (method) {
	case AUTH_PAP:
	case AUTH_CHAP:
		return 691; /* Authenticate-Nak and Failure carry no number */
	case AUTH_MSCHAP:
	case AUTH_MSCHAPV2:
		return info->wire_number;
	case AUTH_NONE:
	case AUTH_EAP:
	case N_AUTH_METHOD:
		break;
	}
	return info->ras_error;
}

enum cause
cause_by_name(struct view name)
{
	for (size_t i = 0; i < N_CAUSES; i++)
		if (view_eq(view_str(causes[i].name), name))
			return causes[i].cause;
	return CAUSE_NONE;
}

const struct cause_info *
cause_at(size_t i)
{
	return i < N_CAUSES ? &causes[i] : NULL;
}

const char *
blame_name(enum blame blame)
{
	switch (blame) {
	case BLAME_NONE:
		return "none";
	case BLAME_CLIENT:
		return "client";
	case BLAME_CREDENTIALS:
		return "credentials";
	case BLAME_SERVER:
		return "server";
	case BLAME_POLICY:
		return "policy";
	case BLAME_PATH:
		return "path";
	case BLAME_CAPACITY:
		return "capacity";
	case BLAME_PROTOCOL:
		return "protocol";
	case BLAME_INTERNAL:
		return "internal";
	}
	return "?";
}

const char *
cause_class_name(enum cause_class c)
{
	switch (c) {
	case CLASS_OK:
		return "ok";
	case CLASS_UNREACHABLE:
		return "unreachable";
	case CLASS_CREDENTIALS:
		return "credentials";
	case CLASS_ACCOUNT:
		return "account";
	case CLASS_POLICY:
		return "policy";
	case CLASS_CERTIFICATE:
		return "certificate";
	case CLASS_ENCRYPTION:
		return "encryption";
	case CLASS_ADDRESSES:
		return "addresses";
	case CLASS_SERVER:
		return "server";
	case CLASS_INTERNAL:
		return "internal";
	}
	return "?";
}
