/**
 * A config for a test, from what the test cares about: everything else has its default. It goes
 * through the same schema as a file.
 */
import { formatDiagnostic, loadConfigText } from '../../src/config/load.ts';
import type { Config } from '../../src/config/schema.ts';

/** `settings` as a config file would hold them. One worker, one listener on port 0, no admin API by default. */
export function makeConfig(settings: Readonly<Record<string, unknown>>): Config {
  const whole = {
    version: 1,
    workers: 1,
    stateFile: false,
    listeners: { web: { address: '127.0.0.1:0' } },
    routes: undefined,
    ...settings,
  };
  const loaded = loadConfigText(JSON.stringify(whole), 'test', {});
  if (!loaded.ok) throw new Error(loaded.diagnostics.map(formatDiagnostic).join('\n'));
  return loaded.config;
}
