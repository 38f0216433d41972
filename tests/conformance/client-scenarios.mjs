/** The client scenarios of the suite: what is known of each that does not simply pass. Where nothing is said, every check must pass. */

/** Scenarios that say nothing of a daemon that mounts servers, and why. They are not run. */
export const DO_NOT_APPLY = {
  'auth/client-credentials-jwt': 'an extension: a service logs in once by a browser, or its token is a header of the config',
  'auth/client-credentials-basic': 'an extension: a service logs in once by a browser, or its token is a header of the config',
  'auth/enterprise-managed-authorization': 'an extension: no identity provider of a company issues our tokens',
  'auth/dpop': 'an extension: tokens are not bound to keys',
  'auth/dpop-nonce': 'an extension: tokens are not bound to keys',
  'auth/wif-jwt-bearer': 'an extension: the identity of a cloud workload is not exchanged for tokens',
  'sep-2640-client-no-prefetch': 'skills of mounted servers are served as resources, and their host loads them',
  'sep-2640-client-verify-digest': 'skills of mounted servers are served as resources, and their host checks them',
  'sep-2640-client-verify-size': 'skills of mounted servers are served as resources, and their host checks them',
  'sep-2640-client-verify-frontmatter': 'skills of mounted servers are served as resources, and their host checks them',
};

/**
 * Checks that do not pass, by scenario, and why. The list is exact: one that passes must be taken out. With a version behind the
 * name, it is for that version only.
 */
export const EXPECTED_FAILURES = {
  'auth/basic-cimd': {
    why: 'the scenario wants an address of its own as our client id',
    failed: ['cimd-client-id-used'],
  },
  'auth/scope-step-up': {
    why: 'no browser opens while a call runs: an operator logs in again',
    failed: ['scope-step-up-escalation', 'sep-2350-scope-union-on-reauth'],
  },
  'auth/scope-step-up 2025-11-25': {
    why: 'no browser opens while a call runs: an operator logs in again',
    failed: ['scope-step-up-escalation'],
  },
};
