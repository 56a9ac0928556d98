import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { startAdminSide } from '../../../test/harness/admin-side.ts';
import { loadConfigFile, loadConfigText } from '../../config/load.ts';
import type { ConfigCheck, DriftEntry, EffectiveConfig, Problem } from '../../protocol/admin-api.ts';
import { checkText } from '../reload/check-text.ts';

const SECRET = 'correct-horse-battery-staple-0123456789';
const ENV = { API_TOKEN: SECRET, B2: 'http://127.0.0.1:8082', OTHER_SECRET: 'hunter2hunter2' };
const FILE = `version: 1
workers: 1
stateFile: false
listeners: { web: { address: "127.0.0.1:0" } }
pools:
  web:
    policy: weighted-round-robin
    backends:
      - { url: "http://127.0.0.1:8081", name: b1 }
      - { url: "\${B2}", name: b2, weight: 5 }
admin: { address: "127.0.0.1:0", token: "\${API_TOKEN}" }
`;

async function start(t: TestContext) {
  const directory = await mkdtemp(join(tmpdir(), 'ballast-config-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  const path = join(directory, 'ballast.yaml');
  await writeFile(path, FILE);
  const result = loadConfigFile(path, ENV);
  if (!result.ok) assert.fail(JSON.stringify(result.diagnostics));
  const loaded = { path, hash: result.sourceHash, config: result.config };
  const side = await startAdminSide(
    { after: (undo) => t.after(undo) },
    { deps: { loadedConfig: () => loaded, env: ENV } },
  );
  side.roster.apply(result.config);
  const config = async (): Promise<EffectiveConfig> => {
    const answer = await side.ask('/api/v1/config');
    assert.equal(answer.status, 200, answer.text);
    assert.ok(!answer.text.includes(SECRET), 'the token is not in it');
    return JSON.parse(answer.text) as EffectiveConfig;
  };
  const check = async (text: string): Promise<ConfigCheck> => {
    const answer = await side.ask('/api/v1/config/check', { method: 'POST', body: { text } });
    assert.equal(answer.status, 200, answer.text);
    assert.ok(!answer.text.includes(SECRET) && !answer.text.includes('hunter2'), answer.text);
    return JSON.parse(answer.text) as ConfigCheck;
  };
  const backend = (name: string) => {
    const found = side.roster.backend('web', name);
    assert.ok(found !== undefined);
    return found;
  };
  return { ...side, path, config, check, backend };
}

describe('admin API: the effective config', () => {
  it('says what is in force, from where, and whether the file is still the same', async (t) => {
    const side = await start(t);
    const { file, settings, drift, needsRestart } = await side.config();
    assert.deepEqual([file?.path, file?.isChanged, file?.problem], [side.path, false, null]);
    assert.deepEqual([drift, needsRestart], [[], []]);
    const text = JSON.stringify(settings);
    assert.match(
      text,
      /"token":\{"value":"\*\*\*","origin":"environment","line":11,"column":41,"by":"\$\{API_TOKEN\}"\}/,
    );
    assert.match(text, /"weight":\{"value":5,"origin":"file","line":10,/);
    await writeFile(side.path, `${FILE}# more\n`);
    assert.equal((await side.config()).file?.isChanged, true);
    await rm(side.path);
    const gone = (await side.config()).file;
    assert.deepEqual([gone?.isChanged, gone?.problem], [true, 'the file is gone']);
  });

  it('has no file where the config did not come from one', async (t) => {
    const side = await startAdminSide({ after: (undo) => t.after(undo) });
    const { file, drift } = JSON.parse((await side.ask('/api/v1/config')).text) as EffectiveConfig;
    assert.deepEqual([file, drift], [null, []]);
  });

  it('lists what was changed beside the file, and takes one change back with an event', async (t) => {
    const side = await start(t);
    const { roster } = side;
    const web = roster.pool('web');
    assert.ok(web !== undefined);
    roster.setPolicy(web, 'least-connections', 'test');
    roster.setWeight(side.backend('b2'), 20, 'test');
    roster.setMode(side.backend('b2'), 'drain', 'test');
    roster.removeBackend(side.backend('b1'), 'test');
    roster.addBackend(web, { url: 'http://127.0.0.1:9999', name: 'new' }, 'test');
    const listed = async (): Promise<string[]> =>
      (await side.config()).drift.map(({ backend, setting }) => `${backend ?? ''} ${setting}`.trim());
    assert.deepEqual(await listed(), ['policy', 'b2 weight', 'b2 mode', 'new added', 'b1 removed']);

    const undo = (query: string, headers = {}) =>
      side.ask(`/api/v1/pools/web/changes?${query}`, { method: 'DELETE', headers });
    assert.equal((await undo('setting=policy', { 'if-match': '"old"' })).status, 412);
    const shown = await undo('setting=weight&backend=b2&dryRun=1');
    assert.equal((JSON.parse(shown.text) as { dryRun: boolean }).dryRun, true);
    assert.equal(side.backend('b2').weight, 20);
    const answer = await undo('setting=weight&backend=b2');
    assert.equal(answer.status, 200, answer.text);
    const { undone, persisted } = JSON.parse(answer.text) as { undone: DriftEntry; persisted: boolean };
    assert.deepEqual([undone.file, undone.now, persisted], [5, 20, true]);
    assert.equal(side.backend('b2').weight, 5);
    const event = side.journal.latest(1)[0];
    assert.deepEqual([event?.kind, event?.text, event?.origin], ['weight-changed', 'weight 20 → 5', 'admin API']);
    assert.deepEqual(await listed(), ['policy', 'b2 mode', 'new added', 'b1 removed']);
    assert.equal((await undo('setting=weight&backend=b2')).status, 404);
    assert.equal((await undo('setting=mode&backend=b2')).status, 200);
    assert.equal((await undo('setting=policy')).status, 200);
    assert.equal((await undo('setting=removed&backend=b1')).status, 200);
    assert.equal((await undo('setting=added&backend=new')).status, 200);
    assert.deepEqual(await listed(), []);
    assert.equal(roster.pool('web')?.policy, 'weighted-round-robin');
    assert.deepEqual([side.backend('b1').isRemoved, side.backend('b2').mode], [false, 'ready']);
    assert.equal(side.backend('new').isRemoved, true);
  });

  it('says what is wrong with a request to take something back', async (t) => {
    const side = await start(t);
    for (const [query, status, code] of [
      ['', 400, 'query-invalid'],
      ['?setting=colour', 400, 'query-invalid'],
      ['?setting=weight', 400, 'query-invalid'],
      ['?setting=policy&dryrun=1', 400, 'query-invalid'],
      ['?setting=policy', 404, 'change-not-found'],
    ] as const) {
      const answer = await side.ask(`/api/v1/pools/web/changes${query}`, { method: 'DELETE' });
      assert.deepEqual([answer.status, (JSON.parse(answer.text) as Problem).code], [status, code], query);
    }
    assert.equal((await side.ask('/api/v1/pools/none/changes?setting=policy', { method: 'DELETE' })).status, 404);
  });
});

describe('admin API: the check of a text', () => {
  it('says what is wrong, with its place', async (t) => {
    const side = await start(t);
    const { ok, diagnostics, changes } = await side.check(FILE.replace('weight: 5', 'wieght: 5'));
    assert.deepEqual([ok, changes, diagnostics.length], [false, null, 1]);
    const [first] = diagnostics as { code: string; line: number; column: number; suggestion: string }[];
    assert.deepEqual([first?.code, first?.line, first?.column], ['unknown-key', 10, 35]);
    assert.match(first?.suggestion ?? '', /weight/);
  });

  it('says what a good one would change', async (t) => {
    const side = await start(t);
    assert.deepEqual(await side.check(FILE), {
      ok: true,
      diagnostics: [],
      moreDiagnostics: 0,
      changes: [],
      overruled: [],
    });
    const changed = await side.check(FILE.replace('weight: 5', 'weight: 6').replace('workers: 1', 'workers: 2'));
    assert.deepEqual(changed.changes, ['pool web: backend b2: weight: 5 → 6', 'workers changed: needs a restart']);
    assert.equal(side.backend('b2').weight, 5, 'nothing has happened');
  });

  it('lets nobody read the environment', async (t) => {
    const side = await start(t);
    for (const name of ['OTHER_SECRET', 'API_TOKEN']) {
      const text = `via: "\${${name}}"\n${FILE}`
        .replace('name: b2', `name: b2, policy: "\${${name}} x"`)
        .replace(`\${API_TOKEN}`, `\${${name}}`);
      await side.check(text);
    }
    const missing = await side.check(`via: "\${OTHER_SECRET}"\n${FILE}`);
    assert.equal((missing.diagnostics[0] as { code: string }).code, 'variable-missing');
  });

  it('checks one text at a time', async (t) => {
    const side = await start(t);
    const ask = () => side.ask('/api/v1/config/check', { method: 'POST', body: { text: FILE } });
    const answers = await Promise.all([ask(), ask(), ask()]);
    assert.deepEqual(
      answers.map(({ status }) => status).sort((a, b) => a - b),
      [200, 503, 503],
    );
    assert.equal((await ask()).status, 200);
  });

  it('ends a check that takes too long, and nothing else stands still meanwhile', async () => {
    const result = loadConfigText(FILE, 'ballast.yaml', ENV);
    if (!result.ok) assert.fail('it is valid');
    const loaded = { path: null, hash: null, config: result.config };
    const costly = '- &a [*a,*a]\n'.repeat(30_000);
    let turns = 0;
    const timer = setInterval(() => turns++, 10);
    assert.equal(await checkText(costly, loaded, {}, 500), null);
    clearInterval(timer);
    assert.ok(turns > 5, `${turns} turns`);
  });

  it('names a hundred errors, counts the rest, and has a bound', async (t) => {
    const side = await start(t);
    const many = Array.from({ length: 150 }, (_, index) => `wrong${index}: 1\n`).join('');
    const { diagnostics, moreDiagnostics } = await side.check(`${FILE}${many}`);
    assert.deepEqual([diagnostics.length, moreDiagnostics], [100, 50]);
    const body = { text: '#'.repeat(600 * 1024) };
    assert.equal((await side.ask('/api/v1/config/check', { method: 'POST', body })).status, 413);
    assert.equal((await side.ask('/api/v1/config/check', { method: 'POST', body: { text: 5 } })).status, 422);
  });
});
