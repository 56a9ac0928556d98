/** How `ballast` ends: part of the public face, for scripts and service managers. */
export const EXIT = {
  DONE: 0,
  /** It was understood and did not work: a taken port, a balancer that broke. */
  FAILED: 1,
  /** The command line or an environment variable was not understood. */
  USAGE: 2,
  CONFIG_INVALID: 3,
  ADMIN_UNREACHABLE: 4,
} as const;

/** A command line or environment that makes no sense; `main` says so and exits with 2. */
export class UsageError extends Error {}
