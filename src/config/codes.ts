/**
 * Every code that a config diagnostic can carry: the stable names that scripts may rely on.
 *
 * Each row says how bad it is and what it means in one sentence; `reference.ts` prints the table
 * into the documentation, and a test holds one golden case against each row. A code is never
 * renamed and never used for a second thing.
 */

export type Severity = 'error' | 'warning';

type Row = readonly [Severity, string];

const ROWS = {
  // The file and its notation.
  'config-unreadable': ['error', 'The file cannot be read.'],
  'config-not-utf8': ['error', 'The file is not UTF-8 text.'],
  'config-empty': ['error', 'The file holds no settings at all.'],
  'yaml-syntax': ['error', 'The text is not YAML at this place.'],
  'yaml-tag-unknown': ['error', 'A YAML tag such as `!env` is used; only plain values are read.'],
  'yaml-alias-unknown': ['error', 'An alias such as `*web` has no anchor before it.'],
  'yaml-too-large': ['error', 'Aliases make the config larger than any real one.'],
  'key-invalid': ['error', 'A key is not a plain word.'],
  'key-refused': ['error', 'A key has a name that JavaScript gives a meaning of its own.'],
  'duplicate-key': ['error', 'A key or name stands twice in the same map.'],
  'variable-missing': ['error', 'A variable of the environment is not set and has no default.'],
  'variable-invalid': ['error', 'A `${…}` is not written as `${NAME}` or `${NAME:-default}`.'],
  // Single settings.
  'unknown-key': ['error', 'There is no setting of this name here.'],
  'missing-key': ['error', 'A setting without a default is missing.'],
  'type-mismatch': ['error', 'A value is of the wrong kind.'],
  'value-out-of-range': ['error', 'A number, duration, size or text is outside its bounds.'],
  'too-few': ['error', 'At least one entry is needed.'],
  'version-unsupported': ['error', 'The version of the config format is not one that this Ballast reads.'],
  'name-invalid': ['error', 'The name of a pool, listener or backend has characters that are not allowed.'],
  'duration-invalid': ['error', 'A duration is not written as `250ms`, `2s`, `5m` or `1h`.'],
  'size-invalid': ['error', 'A size is not written as plain bytes, `64KiB` or `1MiB`.'],
  'address-invalid': ['error', 'An address is not written as `:8080`, `127.0.0.1:8080` or `[::1]:8080`.'],
  'url-invalid': ['error', 'The URL of a backend is not written as `http://host:port`.'],
  'url-scheme-unsupported': ['error', 'The URL of a backend has a scheme other than `http`.'],
  'url-not-bare': ['error', 'The URL of a backend has a path, query, fragment or user in it.'],
  'host-invalid': ['error', 'A host name is malformed.'],
  'path-invalid': ['error', 'A path is malformed.'],
  'statuses-invalid': ['error', 'A list of statuses is not written as `200-399` or `200,204`.'],
  'policy-unknown': ['error', 'There is no load-balancing policy of this name.'],
  'via-invalid': ['error', 'The name for `Via` has characters that the field does not allow.'],
  'network-invalid': ['error', 'A network is not written as `10.0.0.0/8`, `192.0.2.1` or `fd00::/8`.'],
  'field-invalid': ['error', 'The name of a field is malformed or has a meaning of its own.'],
  'token-invalid': ['error', 'The admin token has characters that cannot be sent in `Authorization`.'],
  // Settings against each other.
  'pool-unknown': ['error', 'A route leads to a pool that does not exist.'],
  'routes-missing': ['error', 'There are several pools and no routes to tell them apart.'],
  'address-duplicate': ['error', 'Two listeners, or a listener and the admin side, share an address.'],
  'backend-duplicate': ['error', 'The same backend stands twice in one pool.'],
  'backend-name-duplicate': ['error', 'Two backends of one pool have the same name.'],
  'admin-token-missing': ['error', 'The admin address can be reached from outside and no token guards it.'],
  'health-timeout-too-long': ['error', 'A health check may last longer than the time between two checks.'],
  'health-fast-interval-too-long': ['error', 'The fast interval of health checks is longer than the normal one.'],
  'limits-inconsistent': ['error', 'One limit is larger than another that contains it.'],
  'pool-empty': ['warning', 'A pool has no backends: it answers 503 until one is added.'],
  'pool-unused': ['warning', 'No route leads to a pool.'],
  'route-unreachable': ['warning', 'A route never matches, since an earlier one takes all that it would.'],
  'weight-ignored': ['warning', 'A backend has a weight and the policy of its pool does not look at weights.'],
} as const satisfies Readonly<Record<string, Row>>;

export type ProblemCode = keyof typeof ROWS;

export const PROBLEM_CODES = Object.keys(ROWS) as readonly ProblemCode[];

/** Whether a problem of this code keeps the config from being used. */
export function severityOf(code: ProblemCode): Severity {
  return ROWS[code][0];
}

/** What the code means, one sentence. */
export function meaningOf(code: ProblemCode): string {
  return ROWS[code][1];
}
