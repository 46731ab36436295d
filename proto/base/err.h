/* SPDX-License-Identifier: Apache-2.0
 *
 * One error currency for the whole tree: 0 is success, negative is failure.
 * OS and libuv failures keep their UV_E* value (on Unix: -errno); ours live at
 * AS_ERR_BASE and below. Codes 1..99 also travel between the programs, as
 * positive numbers, and are the E_* codes of PROTOCOL.md section 5; codes from
 * 100 never leave a program.
 */
#ifndef AS_BASE_ERR_H
#define AS_BASE_ERR_H

#include <stddef.h>
#include <stdint.h>

#define AS_ERR_BASE	(-20000)
#define AS_ERR_WIRE_MAX 99

/* name, number, what happened (one line for a person) */
#define AS_ERR_MAP(X)                                                                \
	X(E_PROTOCOL, 1, "the other side broke the protocol")                        \
	X(E_VERSION, 2, "the two programs' versions do not fit together")            \
	X(E_TLS, 3, "the encrypted connection could not be made")                    \
	X(E_CERT, 4, "the certificate is not accepted")                              \
	X(E_CERT_EKU, 5, "the certificate is not one for support engineers")         \
	X(E_CERT_EXPIRED, 6, "the certificate has expired or is valid for too long") \
	X(E_CLOCK, 7, "the clocks of the two computers disagree")                    \
	X(E_REVOKED_CERT, 8, "the certificate has been revoked")                     \
	X(E_CODE_UNKNOWN, 9, "the code is not known")                                \
	X(E_CODE_EXPIRED, 10, "the code has expired")                                \
	X(E_CODE_WRONG, 11, "the code is wrong")                                     \
	X(E_CODE_BURNED, 12, "the code was entered wrongly three times and is void") \
	X(E_BUSY, 13, "somebody else is using this code")                            \
	X(E_REQ_INVALID, 14, "the session request is not valid")                     \
	X(E_REQ_BINDING, 15, "the session request belongs to another connection")    \
	X(E_DENIED, 16, "the customer said no")                                      \
	X(E_CONSENT_TIMEOUT, 17, "the customer did not answer")                      \
	X(E_NO_CONSENT_UI, 18, "there is no terminal to ask the customer on")        \
	X(E_POLICY, 19, "the configuration does not allow this")                     \
	X(E_SCOPE, 20, "the customer has not agreed to this")                        \
	X(E_PROMPT_BUSY, 21, "the customer is being asked something else")           \
	X(E_REVOKED, 22, "the customer has ended the session")                       \
	X(E_EXPIRED, 23, "the agreed time is over")                                  \
	X(E_QUOTA, 24, "too much at once, or more than was agreed")                  \
	X(E_RESUME, 25, "the session could not be resumed")                          \
	X(E_TRUNCATED, 26, "the connection ended in the middle")                     \
	X(E_TIMEOUT, 27, "no answer in time")                                        \
	X(E_PEER_LOST, 28, "the other side is gone")                                 \
	X(E_RELAY, 29, "the relay cannot be reached")                                \
	X(E_RATE, 30, "too many attempts in a short time")                           \
	X(E_TOO_BIG, 31, "larger than its limit")                                    \
	X(E_OP_UNKNOWN, 32, "there is no such item in the catalogue")                \
	X(E_OP_FAILED, 33, "the item failed")                                        \
	X(E_REDACTION, 34, "redaction failed, so nothing was sent")                  \
	X(E_AUDIT, 35, "the session record cannot be written")                       \
	X(E_INTERNAL, 36, "a fault inside the program")                              \
	X(E_CANCELLED, 37, "the customer has stopped this item")                     \
	X(ESHORT, 100, "message ends too early")                                     \
	X(EBADMSG, 101, "message is malformed")                                      \
	X(ESTATE, 102, "not allowed in this state")                                  \
	X(EFULL, 103, "the buffer is full")                                          \
	X(ETYPO, 104, "the code has a typing error")                                 \
	X(ECONFIG, 105, "the configuration cannot be used")                          \
	X(EUNAVAIL, 106, "not available on this computer")                           \
	X(ESIGNATURE, 107, "the signature does not fit")                             \
	X(EEXISTS, 108, "the file exists already and is not overwritten")

enum as_err {
#define X(name, n, text) AS_##name = AS_ERR_BASE - (n),
	AS_ERR_MAP(X)
#undef X
};

/* Text for any code this tree can return. Writes into buf, returns buf. */
const char *err_text(int err, char *buf, size_t len);

/* "E_DENIED" for AS_E_DENIED; NULL for a code that is not ours. */
const char *err_name(int err);

/* To and from the number on the wire. A local code becomes E_INTERNAL; an
 * unknown number becomes AS_E_PROTOCOL. 0 stays 0 both ways. */
uint32_t err_to_wire(int err);
int err_from_wire(uint32_t code);

#endif
