/* SPDX-License-Identifier: Apache-2.0
 *
 * Our private object identifiers: extended key usages that say what a certificate is for.
 * The arc is a random UUID under 2.25, as ITU-T X.667 allows for everybody. They stand in
 * this room because both the outer hop and the inner channel check one, and neither may
 * include the other. Fixed for ever: certificates in the field carry them.
 */
#ifndef AS_WIRE_OID_H
#define AS_WIRE_OID_H

#define AS_OID_ARC	"2.25.27552988278622382351699809488413753888"
#define AS_OID_ENGINEER AS_OID_ARC ".1" /* support engineer, inner TLS and signed requests */
#define AS_OID_CONSOLE	AS_OID_ARC ".2" /* a console's connection to the relay, outer TLS */

#endif
