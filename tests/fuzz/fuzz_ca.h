/* SPDX-License-Identifier: Apache-2.0
 *
 * The CA behind the seeds of fuzz_cert and fuzz_request. Nobody has its key any more, so
 * what those targets accept is one of the seeds' certificates or a forgery.
 */
#ifndef AS_TESTS_FUZZ_CA_H
#define AS_TESTS_FUZZ_CA_H

#include <stdint.h>

#define FUZZ_NOW INT64_C(1790000000)

static const char fuzz_ca_pem[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBwjCCAWigAwIBAgICA+gwCgYIKoZIzj0EAwIwIzENMAsGA1UECgwEQWNtZTES\n"
    "MBAGA1UEAwwJQXNzZW50IENBMB4XDTI1MDkyMTE0MTMyMFoXDTMxMDkyMDE0MTMy\n"
    "MFowIzENMAsGA1UECgwEQWNtZTESMBAGA1UEAwwJQXNzZW50IENBMFkwEwYHKoZI\n"
    "zj0CAQYIKoZIzj0DAQcDQgAEj+lWb/duKZPhoDuxwmMOcMQJKKGdomlxCHMMz2gm\n"
    "0mxDAuOoqHZVGkrOgd1zsss129O42LZDwFtvyxevE8HLNqOBizCBiDAPBgNVHRMB\n"
    "Af8EBTADAQH/MA4GA1UdDwEB/wQEAwICBDAlBgNVHR4BAf8EGzAZoBcwFYYTYWNt\n"
    "ZS5hc3NlbnQuaW52YWxpZDAdBgNVHQ4EFgQU9Y011lwicxJ6iRQBNRNszA86EFUw\n"
    "HwYDVR0jBBgwFoAU9Y011lwicxJ6iRQBNRNszA86EFUwCgYIKoZIzj0EAwIDSAAw\n"
    "RQIhAIU1qJdHt7WB1kcu85HCMY8FWz7oRYBF9pgFORwsLa4TAiAfcfWoHkpb37ZU\n"
    "hVF3szZ4WJkw/iXoB1tP73UDrVw+hQ==\n"
    "-----END CERTIFICATE-----\n";

#endif
