/*
 * The numbers that users and administrators know: error codes of Windows' remote access client,
 * HRESULTs of its certificate checks, reason codes of NPS. In words of our own, so that a number
 * that no cause here produces is explained as well (R3).
 */
#include "diag/diag.h"

#include <stdio.h>

struct number_info {
	uint32_t number;
	const char *symbol, *meaning;
};

static const struct number_info numbers[] = {
	{ 619, "ERROR_PORT_DISCONNECTED", "the link was closed while it was being set up" },
	{ 628, "ERROR_DISCONNECTION", "the other end closed the link before it was complete" },
	{ 629, "ERROR_REMOTE_DISCONNECTION", "the other end ended the connection" },
	{ 631, "ERROR_USER_DISCONNECTION", "the user ended the connection" },
	{ 633, "ERROR_PORT_NOT_AVAILABLE", "the device or port is in use or missing" },
	{ 645, "ERROR_AUTH_INTERNAL", "authentication failed for a reason inside the server" },
	{ 646, "ERROR_RESTRICTED_LOGON_HOURS", "the account may not log on at this hour" },
	{ 647, "ERROR_ACCT_DISABLED", "the account is disabled" },
	{ 648, "ERROR_PASSWD_EXPIRED", "the password has expired" },
	{ 649, "ERROR_NO_DIALIN_PERMISSION", "the account has no permission to dial in" },
	{ 678, "ERROR_NO_ANSWER", "nobody answered the call" },
	{ 691, "ERROR_AUTHENTICATION_FAILURE",
	    "name or password are wrong, or the method is not permitted" },
	{ 709, "ERROR_CHANGING_PASSWORD", "the password could not be changed" },
	{ 718, "ERROR_PPP_TIMEOUT", "the other end fell silent during PPP" },
	{ 720, "ERROR_PPP_NO_PROTOCOLS_CONFIGURED", "no network protocol could be agreed" },
	{ 721, "ERROR_PPP_NO_RESPONSE", "the other end never answered PPP" },
	{ 724, "ERROR_IPXCP_NO_DIALOUT_CONFIGURED", "a number of old Windows" },
	{ 732, "ERROR_PPP_NOT_CONVERGING", "PPP went round without agreement" },
	{ 733, "ERROR_PPP_CP_REJECTED", "the network control protocol was refused" },
	{ 734, "ERROR_PPP_LCP_TERMINATED", "the other end closed PPP" },
	{ 738, "ERROR_PPP_NO_ADDRESS_ASSIGNED", "the server gave no address" },
	{ 741, "ERROR_NO_LOCAL_ENCRYPTION", "the client cannot do the encryption it demands" },
	{ 742, "ERROR_NO_REMOTE_ENCRYPTION", "the server cannot do the encryption demanded" },
	{ 766, "ERROR_NO_CERTIFICATE", "no certificate was found for L2TP/IPsec" },
	{ 786, "ERROR_OAKLEY_NO_CERT", "no valid machine certificate for L2TP/IPsec" },
	{ 789, "ERROR_OAKLEY_GENERAL_PROCESSING", "IPsec failed before L2TP could begin" },
	{ 798, "ERROR_NO_EAPTLS_CERTIFICATE", "no certificate that EAP could use was found" },
	{ 800, "ERROR_AUTOMATIC_VPN_FAILED", "every tunnel type that was tried failed" },
	{ 806, "ERROR_VPN_GRE_BLOCKED", "PPTP began, but its data (GRE) does not pass" },
	{ 809, "ERROR_VPN_TIMEOUT", "the server does not answer (IKE or L2TP)" },
	{ 812, "ERROR_SERVER_POLICY", "a policy of the server prevents the connection" },
	{ 829, "ERROR_LINK_FAILURE", "the network under the connection failed" },
	{ 853, "ERROR_EAP_USER_CERT_INVALID", "EAP failed over certificates" },
	{ 868, "ERROR_DNSNAME_NOT_RESOLVABLE", "the server's name does not resolve" },
	{ 919, "ERROR_PEER_REFUSED_AUTH", "no authentication method in common" },
	{ 13801, "ERROR_IPSEC_IKE_AUTH_FAIL", "IKE: the certificate is not acceptable" },
	{ 13806, "ERROR_IPSEC_IKE_NO_CERT", "IKE: no valid machine certificate" },
	{ 13868, "ERROR_IPSEC_IKE_POLICY_MATCH", "IKE: no proposal in common" },
	{ 0x80070040, "ERROR_NETNAME_DELETED", "the server closed the connection" },
	{ 0x80072746, "WSAECONNRESET", "the connection was cut" },
	{ 0x80090326, "SEC_E_ILLEGAL_MESSAGE", "TLS: a message was unexpected or badly formed" },
	{ 0x80090325, "SEC_E_UNTRUSTED_ROOT", "TLS: the root of the certificate is not trusted" },
	{ 0x80090328, "SEC_E_CERT_EXPIRED", "TLS: the certificate has expired" },
	{ 0x80090331, "SEC_E_ALGORITHM_MISMATCH", "TLS: no version or cipher in common" },
	{ 0x80092012, "CRYPT_E_NO_REVOCATION_CHECK", "revocation could not be checked" },
	{ 0x80092013, "CRYPT_E_REVOCATION_OFFLINE", "the revocation list could not be fetched" },
	{ 0x80096004, "TRUST_E_CERT_SIGNATURE", "the signature of a certificate is not accepted" },
	{ 0x80096019, "TRUST_E_BASIC_CONSTRAINTS", "a certificate was issued by who may not" },
	{ 0x800B0101, "CERT_E_EXPIRED", "a certificate is not within its dates" },
	{ 0x800B0105, "CERT_E_CRITICAL", "a critical extension of a certificate is not known" },
	{ 0x800B0109, "CERT_E_UNTRUSTEDROOT", "the root of the certificate is not trusted" },
	{ 0x800B010A, "CERT_E_CHAINING", "the certificate does not lead to a trusted root" },
	{ 0x800B010C, "CERT_E_REVOKED", "the certificate was revoked" },
	{ 0x800B010F, "CERT_E_CN_NO_MATCH", "the certificate is for another name" },
	{ 0x800B0110, "CERT_E_WRONG_USAGE", "the certificate is not made for this use" },
};

static const struct {
	uint16_t reason;
	const char *meaning;
} nps_reasons[] = {
	{ 1, "the server itself failed" },
	{ 3, "the request was badly formed" },
	{ 7, "the domain does not exist" },
	{ 8, "the account does not exist" },
	{ 16, "name or password do not match" },
	{ 19, "CHAP needs a password in reversible form" },
	{ 33, "the password has expired and must be changed" },
	{ 34, "the account is disabled" },
	{ 35, "the account has expired" },
	{ 36, "the account is locked" },
	{ 37, "outside the logon hours of the account" },
	{ 48, "no network policy matched" },
	{ 64, "remote access lockout: too many failed log-ins" },
	{ 65, "permission to dial in is denied" },
	{ 66, "the authentication method is not enabled in the policy" },
	{ 67, "the calling station is not the permitted one" },
	{ 68, "the policy does not allow this day or time" },
	{ 69, "the called address of the server is not the permitted one" },
	{ 70, "the policy does not allow this tunnel type" },
	{ 96, "the authentication timed out" },
};

static const struct number_info *
find(uint32_t number)
{
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (numbers[i].number == number)
			return &numbers[i];
	return NULL;
}

const char *
diag_number_symbol(uint32_t number)
{
	const struct number_info *n = find(number);

	return n ? n->symbol : NULL;
}

const char *
diag_number_meaning(uint32_t number)
{
	const struct number_info *n = find(number);

	return n ? n->meaning : NULL;
}

const char *
diag_nps_meaning(uint16_t reason)
{
	for (size_t i = 0; i < sizeof(nps_reasons) / sizeof(nps_reasons[0]); i++)
		if (nps_reasons[i].reason == reason)
			return nps_reasons[i].meaning;
	return NULL;
}

char *
diag_number_text(uint32_t number, char out[16])
{
	if (number == 0)
		snprintf(out, 16, "none");
	else
		snprintf(out, 16, number >= 0x80000000u ? "0x%08X" : "%u", number);
	return out;
}

static int
digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : 99;
}

/* Windows writes an HRESULT as 0x800B0109, in logs also as the signed number -2146762487. */
bool
diag_number_parse(struct view v, uint32_t *out)
{
	bool minus = v.n && v.p[0] == '-';
	bool hex;
	uint64_t x = 0;

	if (minus)
		v = view_of(v.p + 1, v.n - 1);
	hex = v.n > 2 && v.p[0] == '0' && (v.p[1] | 0x20) == 'x';
	if (hex)
		v = view_of(v.p + 2, v.n - 2);
	if (v.n == 0 || v.n > 10 || (minus && hex))
		return false;
	for (size_t i = 0; i < v.n; i++) {
		int d = digit(v.p[i]);
		if (d >= (hex ? 16 : 10))
			return false;
		x = x * (hex ? 16 : 10) + (uint64_t)d;
	}
	if (x > (minus ? 0x80000000u : 0xffffffffu))
		return false;
	*out = minus ? (uint32_t)(0 - x) : (uint32_t)x;
	return true;
}

bool
diag_cause_has_number(const struct cause_info *info, uint32_t number)
{
	if (number == 0)
		return false;
	if (info->ras_error == number)
		return true;
	/* what MS-CHAP's E= can carry, and 691 for PAP and CHAP, which carry nothing */
	return info->wire_kind == WIRE_MSCHAP_E && (info->wire_number == number || number == 691);
}
