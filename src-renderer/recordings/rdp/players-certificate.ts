/**
 * A certificate that parses: IronRDP reads the one that RDCleanPath's answer brings, though nothing is encrypted in a player and
 * nothing is verified by it. Its key is known to nobody.
 */
const CERTIFICATE =
  'MIIBfzCCASWgAwIBAgIUbjWZH7YHpZufvmIIHeF4EVMcSMAwCgYIKoZIzj0EAwIwFDESMBAGA1UEAwwJcmVjb3JkaW5nMCAXDTI2MTEyNjA3MDEyMVoYDzIxMjYxMTAyMDcwMTIxWjAUMRIwEAYDVQQDDAlyZWNvcmRpbmcwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAARCVBczkiBLI9w9ER/PF0+aHUlMWplvw0wSp0jm77bWTlN7/rqrzktOWq3OwWqQSd2qPVlv2kCz7jeLkvkvKCPho1MwUTAdBgNVHQ4EFgQU4x8NnihMI6NjQLP99LnxVmeYYNowHwYDVR0jBBgwFoAU4x8NnihMI6NjQLP99LnxVmeYYNowDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiAj2l0+NvxF7k8q/PzNYtdym/KoxbHEKIJcmymlB7nmuAIhAOhk2MNqJZ3dLXa1vvlUL6A1hDXO6eu+4qd6S4ygHD0+';

/** DER of the certificate that a player shows its own engine. */
export function playersCertificate(): Uint8Array {
  return Uint8Array.from(atob(CERTIFICATE), (letter) => letter.charCodeAt(0));
}
