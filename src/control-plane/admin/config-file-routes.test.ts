import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, readdir, readFile, readlink, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import pino from 'pino';
import { startAdminSide } from '../../../test/harness/admin-side.ts';
import { hashOf, loadConfigFile } from '../../config/load.ts';
import type {
  ConfigApplied,
  ConfigCheck,
  ConfigFileText,
  ConfigRevisionRow,
  ConfigRevisionText,
  DriftEntry,
  EffectiveConfig,
  Problem,
} from '../../protocol/admin-api.ts';
import { ConfigEditor } from '../reload/config-editor.ts';
import { ConfigRevisions } from '../reload/config-revisions.ts';
import { Reloader } from '../reload/reload.ts';

const SECRET = 'correct-horse-battery-staple-0123456789';
const LITERAL = 'written-in-the-file-itself-9876543210';
const ENV = { API_TOKEN: SECRET, B2: 'http://127.0.0.1:8082', OTHER_SECRET: 'hunter2hunter2' };

const fileWith = (token: string): string => `# The edge of the shop.
version: 1
workers: 1
stateFile: false
listeners: { web: { address: "127.0.0.1:0" } }

pools:
  web: # everything
    policy: weighted-round-robin
    backends:
      - { url: "http://127.0.0.1:8081", name: b1 } # the old one
      - { url: "\${B2}",   name: b2, weight: 5 }
admin: { address: "127.0.0.1:0"${token} }
`;
const FILE = fileWith(`, token: "\${API_TOKEN}"`);

interface Options {
  readonly text?: string;
  readonly isLink?: boolean;
}

/** The admin side over a real file, with a real reloader that has no workers to wait for. */
async function start(t: TestContext, { text = FILE, isLink = false }: Options = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'ballast-config-file-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, 'ballast.yaml');
  const target = isLink ? join(folder, 'real.yaml') : path;
  await writeFile(target, text);
  if (isLink) await symlink('real.yaml', path);
  const first = loadConfigFile(path, ENV);
  if (!first.ok) assert.fail(JSON.stringify(first.diagnostics));
  const revisions = new ConfigRevisions();
  revisions.add({ text, hash: first.sourceHash, origin: 'start', kind: 'started', changes: [] });
  const hooks = { refusal: null as string | null };
  let editor: ConfigEditor | null = null;
  const side = await startAdminSide(
    { after: (undo) => t.after(undo) },
    {
      deps: ({ roster, journal }) => {
        roster.apply(first.config);
        const reloader = new Reloader({
          path,
          first: first.config,
          firstHash: first.sourceHash,
          roster,
          listen: async () => [],
          applied: async () => {},
          refusal: () => hooks.refusal,
          onLoaded: (loaded) => revisions.add(loaded),
          journal,
          log: pino({ level: 'silent' }),
          env: ENV,
        });
        editor = new ConfigEditor({ path, reloader, revisions, roster, env: ENV });
        return {
          loadedConfig: () => reloader.inForce,
          reload: () => reloader.reload('admin API'),
          previewReload: () => reloader.preview(),
          configEditor: editor,
          env: ENV,
        };
      },
    },
  );
  const sealed = (answer: string): void => {
    for (const secret of [SECRET, LITERAL, 'hunter2']) assert.ok(!answer.includes(secret), answer);
  };
  const read = async <T>(place: string): Promise<T> => {
    const answer = await side.ask(place);
    assert.equal(answer.status, 200, answer.text);
    sealed(answer.text);
    return JSON.parse(answer.text) as T;
  };
  const post = async <T = ConfigApplied & Problem>(place: string, body: object, headers = {}) => {
    const answer = await side.ask(place, { method: 'POST', body: { ...body }, headers });
    sealed(answer.text);
    return { status: answer.status, tag: answer.headers.etag ?? '', ...(JSON.parse(answer.text) as T) };
  };
  return {
    ...side,
    folder,
    path,
    target,
    hooks,
    editor: () => editor ?? assert.fail(),
    read,
    post,
    onDisk: () => readFile(path, 'utf8'),
    shown: async () => read<ConfigFileText>('/api/v1/config/file'),
    revisions: async () => (await read<{ revisions: ConfigRevisionRow[] }>('/api/v1/config/revisions')).revisions,
    apply: (text: string, headers = {}) => post('/api/v1/config/apply', { text }, headers),
    drift: async () => (await read<EffectiveConfig>('/api/v1/config')).drift,
    weightOf: (name: string) => side.roster.backend('web', name)?.weight,
    events: () => side.journal.latest(100).map(({ kind }) => kind),
  };
}

describe('admin API: the config file', () => {
  it('is shown as it is, with a tag, variables as written, and no secret', async (t) => {
    const side = await start(t);
    const file = await side.shown();
    assert.deepEqual(file, {
      path: side.path,
      hash: hashOf(FILE),
      text: FILE,
      isChanged: false,
      problem: null,
      writeProblem: null,
    });
    const { headers } = await side.ask('/api/v1/config/file');
    assert.equal(headers.etag, `"${hashOf(FILE)}"`);
    await writeFile(side.path, fileWith(`, token: ${LITERAL}`));
    const { text, isChanged } = await side.shown();
    assert.equal(isChanged, true);
    assert.match(text ?? '', /token: <hidden:[0-9a-f]{12}> }/);
    await rm(side.path);
    const gone = await side.shown();
    assert.deepEqual([gone.text, gone.hash, gone.problem], [null, null, 'the file is gone']);
  });

  it('says so where there is none', async (t) => {
    const side = await startAdminSide({ after: (undo) => t.after(undo) });
    for (const [path, method, body] of [
      ['file', 'GET', undefined],
      ['apply', 'POST', { text: FILE }],
      ['rollback', 'POST', { revision: 1 }],
    ] as const) {
      const answer = await side.ask(`/api/v1/config/${path}`, { method, ...(body === undefined ? {} : { body }) });
      const { code } = JSON.parse(answer.text) as Problem;
      assert.deepEqual([answer.status, code], [409, 'config-not-from-file'], path);
    }
    assert.equal((await side.ask('/api/v1/config/revisions')).text, '{"revisions":[]}');
  });

  it('has a schema for editors', async (t) => {
    const side = await start(t);
    const { $schema, properties } = await side.read<{ $schema: string; properties: object }>('/api/v1/config/schema');
    assert.match($schema, /json-schema/);
    assert.ok('pools' in properties);
  });
});

describe('admin API: applying a text', () => {
  it('puts it into the file and in force, as a revision with an event', async (t) => {
    const side = await start(t);
    await chmod(side.path, 0o640);
    const { tag } = await side.post('/api/v1/config/apply?dryRun=1', { text: FILE });
    const text = FILE.replace('weight: 5', 'weight: 7');
    const shown = await side.post('/api/v1/config/apply?dryRun=1', { text }, { 'if-match': tag });
    assert.deepEqual([shown.status, shown.dryRun, shown.changes], [200, true, ['pool web: backend b2: weight: 5 → 7']]);
    assert.deepEqual([side.weightOf('b2'), await side.onDisk()], [5, FILE], 'nothing has happened');

    const done = await side.apply(text, { 'if-match': tag });
    assert.deepEqual([done.status, done.dryRun, done.hash], [200, false, hashOf(text)], JSON.stringify(done));
    assert.equal(done.tag, `"${hashOf(text)}"`);
    assert.deepEqual([side.weightOf('b2'), await side.onDisk()], [7, text]);
    assert.equal((await stat(side.path)).mode & 0o777, 0o640, 'its mode stays');
    assert.deepEqual(await readdir(side.folder), ['ballast.yaml'], 'nothing is left beside it');
    const event = side.journal.latest(1)[0];
    assert.deepEqual([event?.kind, event?.origin], ['config-applied', 'admin API']);
    assert.match(event?.text ?? '', /was replaced: pool web: backend b2: weight: 5 → 7$/);
    const [current, before] = await side.revisions();
    assert.deepEqual([current?.id, current?.kind, current?.isInForce], [2, 'config-applied', true]);
    assert.deepEqual([before?.id, before?.kind, before?.isInForce], [1, 'started', false]);
  });

  it('changes nothing for a text with errors, and names them as `ballast check` does', async (t) => {
    const side = await start(t);
    const answer = await side.post<Problem & { diagnostics: { code: string; line: number; frame: string }[] }>(
      '/api/v1/config/apply',
      { text: FILE.replace('weight: 5', 'wieght: 5') },
    );
    assert.deepEqual([answer.status, answer.code], [422, 'config-invalid']);
    const [first] = answer.diagnostics;
    assert.deepEqual([first?.code, first?.line], ['unknown-key', 12]);
    assert.match(first?.frame ?? '', /\^\^\^/);
    assert.equal(await side.onDisk(), FILE);
    assert.deepEqual(side.events(), []);
  });

  it('refuses one that was made from another file, also one that is written meanwhile', async (t) => {
    const side = await start(t);
    const stale = await side.apply(FILE, { 'if-match': '"old"' });
    assert.deepEqual([stale.status, stale.code, stale.tag], [412, 'config-file-changed', `"${hashOf(FILE)}"`]);

    // Between the look at the file and its replacement.
    const terms = { before: hashOf(FILE), origin: 'test', isShown: false };
    await writeFile(side.path, `${FILE}# by hand\n`);
    const late = await side.editor().apply(FILE.replace('weight: 5', 'weight: 6'), terms);
    assert.deepEqual([late.ok, late.ok || late.reason], [false, 'changed']);
    assert.equal(await side.onDisk(), `${FILE}# by hand\n`, 'what somebody else has written stays');
    assert.equal(side.weightOf('b2'), 5);
    assert.deepEqual(await readdir(side.folder), ['ballast.yaml']);
  });

  it('says plainly that a file or folder cannot be written, and changes nothing', async (t) => {
    const side = await start(t);
    const text = FILE.replace('weight: 5', 'weight: 7');
    await chmod(side.path, 0o444);
    for (const place of ['/api/v1/config/apply?dryRun=1', '/api/v1/config/apply']) {
      const refused = await side.post(place, { text });
      assert.deepEqual([refused.status, refused.code], [409, 'config-file-read-only']);
      assert.match(refused.detail, /^The config file cannot be written: ballast\.yaml is read-only/);
    }
    assert.match((await side.shown()).writeProblem ?? '', /read-only/);
    await chmod(side.path, 0o644);
    // Whatever stops the new text from being laid beside the old one.
    await mkdir(`${side.path}.tmp`);
    const refused = await side.apply(text);
    assert.deepEqual([refused.status, refused.code], [409, 'config-file-read-only']);
    assert.deepEqual([await side.onDisk(), side.weightOf('b2')], [FILE, 5]);
    if (process.getuid?.() !== 0) {
      await rm(`${side.path}.tmp`, { recursive: true });
      await chmod(side.folder, 0o555);
      assert.match((await side.apply(text)).detail, /the folder .* cannot be written to: EACCES/);
      await chmod(side.folder, 0o755);
    }
  });

  it('writes through a link, and leaves the link', async (t) => {
    const side = await start(t, { isLink: true });
    const text = FILE.replace('weight: 5', 'weight: 7');
    assert.equal((await side.apply(text)).status, 200);
    assert.equal(await readFile(side.target, 'utf8'), text);
    assert.equal(await readlink(side.path), 'real.yaml');
  });

  it('changes neither where the process may not change now', async (t) => {
    const side = await start(t);
    side.hooks.refusal = 'the balancer is being restarted';
    const refused = await side.apply(FILE.replace('weight: 5', 'weight: 7'));
    assert.deepEqual([refused.status, refused.code], [503, 'reload-not-now']);
    assert.deepEqual([await side.onDisk(), await readdir(side.folder)], [FILE, ['ballast.yaml']]);
  });

  it('keeps a secret of the file that it has hidden, and shows it nowhere', async (t) => {
    const text = fileWith(`, token: "${LITERAL}"`);
    const side = await start(t, { text });
    const { text: shown } = await side.shown();
    assert.ok(shown !== null);
    const changed = shown.replace('weight: 5', 'weight: 7');
    const check = await side.post<ConfigCheck>('/api/v1/config/check', { text: changed });
    assert.deepEqual(check.changes, ['pool web: backend b2: weight: 5 → 7'], 'the token is the same');
    assert.equal((await side.apply(changed)).status, 200);
    assert.equal(await side.onDisk(), text.replace('weight: 5', 'weight: 7'));
    const kept = await side.read<ConfigRevisionText>('/api/v1/config/revisions/1');
    assert.equal(kept.text, shown);
    const foreign = await side.apply(shown.replace(/<hidden:\w+>/, '<hidden:0123456789ab>'));
    assert.deepEqual([foreign.status, foreign.code], [409, 'secret-unknown']);
  });

  it('lets nobody bring a secret where it would be shown', async (t) => {
    const side = await start(t, { text: fileWith(`, token: "${LITERAL}"`) });
    const { text } = await side.shown();
    const [standIn] = /<hidden:\w+>/.exec(text ?? '') ?? [];
    const viaLiteral = await side.apply(`failureField: "${standIn}"\n${text}`);
    const elsewhere = await side.apply(`x: &a "${standIn}"\n${text}`);
    assert.ok(viaLiteral.status >= 400 && elsewhere.status === 422);
    const named = `${text}`.replace('name: b1', `name: "${standIn}"`);
    assert.ok((await side.apply(named)).status >= 400);
    const other = await side.apply(`via: "\${OTHER_SECRET}"\n${text}`);
    assert.deepEqual([other.status, other.code], [422, 'config-invalid']);
    await writeFile(side.path, FILE);
    await side.ask('/api/v1/reload', { method: 'POST', body: {} });
    const variable = await side.apply(`via: "\${API_TOKEN}"\n${FILE}`);
    assert.deepEqual([variable.status, variable.code], [422, 'secret-misplaced']);
    assert.equal(await side.onDisk(), FILE);
  });

  it('names other files to write to only for those who have a token', async (t) => {
    const own = fileWith('');
    const side = await start(t, { text: own });
    for (const text of [
      `accessLog: { path: /tmp/evil }\n${own}`,
      own.replace('stateFile: false', 'stateFile: /tmp/evil'),
    ]) {
      const refused = await side.apply(text);
      assert.deepEqual([refused.status, refused.code], [403, 'paths-need-token']);
    }
  });

  it('says which changes made at run time the text would overrule', async (t) => {
    const side = await start(t);
    side.roster.setWeight(side.roster.backend('web', 'b2') ?? assert.fail(), 20, 'test');
    const text = FILE.replace('weight: 5', 'weight: 7');
    const check = await side.post<ConfigCheck>('/api/v1/config/check', { text });
    assert.match(check.overruled.join(), /^web\/b2: weight: it was set to 20 .* from 5 to 7, and the file wins$/);
    const { overruled } = await side.apply(text);
    assert.deepEqual(overruled, check.overruled);
    assert.equal(side.weightOf('b2'), 7);
  });
});

describe('admin API: rolling back', () => {
  it('brings an earlier text back, by the same way, as a revision of its own', async (t) => {
    const side = await start(t);
    await side.apply(FILE.replace('weight: 5', 'weight: 7'));
    const rollback = (query: string, revision: number, headers = {}) =>
      side.post(`/api/v1/config/rollback${query}`, { revision }, headers);
    assert.equal((await rollback('', 1, { 'if-match': `"${hashOf(FILE)}"` })).status, 412);
    const shown = await rollback('?dryRun=1', 1);
    assert.deepEqual([shown.dryRun, shown.changes], [true, ['pool web: backend b2: weight: 7 → 5']]);
    assert.equal(side.weightOf('b2'), 7);
    const done = await rollback('', 1, { 'if-match': shown.tag });
    assert.equal(done.status, 200, JSON.stringify(done));
    assert.deepEqual([await side.onDisk(), side.weightOf('b2')], [FILE, 5]);
    assert.deepEqual(
      (await side.revisions()).map(({ id, kind }) => `${id} ${kind}`),
      ['3 config-rolled-back', '2 config-applied', '1 started'],
    );
    assert.match(
      side.journal.latest(1)[0]?.text ?? '',
      /was rolled back to config 1: pool web: backend b2: weight: 7 → 5/,
    );
    assert.equal((await rollback('', 99)).code, 'revision-not-found');
    assert.equal((await side.ask('/api/v1/config/revisions/99')).status, 404);
  });

  it('brings the file back where it is gone', async (t) => {
    const side = await start(t);
    await rm(side.path);
    assert.equal((await side.post('/api/v1/config/rollback', { revision: 1 })).status, 200);
    assert.equal(await side.onDisk(), FILE);
    assert.equal((await stat(side.path)).mode & 0o777, 0o600);
  });
});

describe('admin API: writing a change into the file', () => {
  const write = (side: Awaited<ReturnType<typeof start>>, query: string, headers = {}) =>
    side.post(`/api/v1/pools/web/changes/write?${query}`, {}, headers);

  it('writes weight and policy where they belong; nothing that runs changes', async (t) => {
    const side = await start(t);
    const { roster } = side;
    roster.setWeight(roster.backend('web', 'b2') ?? assert.fail(), 20, 'test');
    roster.setWeight(roster.backend('web', 'b1') ?? assert.fail(), 3, 'test');
    roster.setPolicy(roster.pool('web') ?? assert.fail(), 'least-connections', 'test');
    const drift = await side.drift();
    assert.deepEqual(
      drift.map(({ setting, backend, writeProblem, made }) => [setting, backend, writeProblem, made?.origin]),
      [
        ['policy', null, null, 'test'],
        ['weight', 'b1', null, 'test'],
        ['weight', 'b2', null, 'test'],
      ],
    );
    const shown = await write(side, 'setting=weight&backend=b2&dryRun=1');
    assert.deepEqual([shown.dryRun, shown.changes], [true, ['pool web: backend b2: weight: 5 → 20']]);
    assert.equal(await side.onDisk(), FILE);

    for (const query of ['setting=weight&backend=b2', 'setting=weight&backend=b1', 'setting=policy']) {
      const { status, detail } = await write(side, query);
      assert.equal(status, 200, detail);
    }
    assert.equal(
      await side.onDisk(),
      FILE.replace('weight: 5', 'weight: 20')
        .replace('name: b1 }', 'name: b1, weight: 3 }')
        .replace('weighted-round-robin', 'least-connections'),
    );
    assert.deepEqual(await side.drift(), []);
    assert.deepEqual(
      [side.weightOf('b1'), side.weightOf('b2'), roster.pool('web')?.policy],
      [3, 20, 'least-connections'],
    );
    assert.deepEqual(side.events().slice(-3), ['change-written', 'change-written', 'change-written']);
    assert.ok(!side.events().includes('runtime-change-overruled'));
  });

  it('leaves the other changes as they are', async (t) => {
    const side = await start(t);
    const { roster } = side;
    roster.setMode(roster.backend('web', 'b1') ?? assert.fail(), 'drain', 'test');
    roster.setWeight(roster.backend('web', 'b2') ?? assert.fail(), 20, 'test');
    assert.equal((await write(side, 'setting=weight&backend=b2')).status, 200);
    assert.deepEqual(
      (await side.drift()).map(({ setting, backend }) => `${setting} ${backend}`),
      ['mode b1'],
    );
  });

  it('says why it cannot, and gives the patch', async (t) => {
    const text = FILE.replace('weight: 5', `weight: "\${W:-5}"`).replace(
      'weighted-round-robin',
      '&p weighted-round-robin',
    );
    const side = await start(t, { text });
    const { roster } = side;
    const web = roster.pool('web') ?? assert.fail();
    roster.setWeight(roster.backend('web', 'b2') ?? assert.fail(), 20, 'test');
    roster.setMode(roster.backend('web', 'b1') ?? assert.fail(), 'drain', 'test');
    roster.addBackend(web, { url: 'http://127.0.0.1:9999', name: 'new' }, 'test');
    for (const [query, why] of [
      ['setting=weight&backend=b2', /the file has a variable there: \$\{W:-5\}/],
      ['setting=mode&backend=b1', /no word for a mode/],
      ['setting=added&backend=new', /copy the patch/],
    ] as const) {
      const { status, code, detail } = await write(side, query);
      assert.deepEqual([status, code], [409, 'change-not-writable'], query);
      assert.match(detail, why);
    }
    assert.match((await side.drift()).find(({ setting }) => setting === 'added')?.patch ?? '', /9999/);
    assert.equal(await side.onDisk(), text);
  });

  it('touches no value that others share', async (t) => {
    const shared = FILE.replace('policy: weighted-round-robin', 'policy: &p weighted-round-robin').replace(
      'admin:',
      '  more: { policy: *p, backends: ["http://127.0.0.1:8083"] }\nroutes: [{ pool: web }, { match: { path: /m }, pool: more }]\nadmin:',
    );
    const side = await start(t, { text: shared });
    side.roster.setPolicy(side.roster.pool('web') ?? assert.fail(), 'least-connections', 'test');
    const { code, detail } = await write(side, 'setting=policy');
    assert.equal(code, 'change-not-writable');
    assert.match(detail, /more than this one setting/);
    assert.equal(await side.onDisk(), shared);
  });

  it('writes into no file that has changed since it was loaded, and for nobody who has seen other settings', async (t) => {
    const side = await start(t);
    side.roster.setWeight(side.roster.backend('web', 'b2') ?? assert.fail(), 20, 'test');
    assert.equal((await write(side, 'setting=weight&backend=b2', { 'if-match': '"old"' })).code, 'settings-changed');
    await writeFile(side.path, `${FILE}# by hand\n`);
    const { status, code } = await write(side, 'setting=weight&backend=b2');
    assert.deepEqual([status, code], [412, 'config-file-changed']);
    assert.equal(await side.onDisk(), `${FILE}# by hand\n`);
  });
});

describe('admin API: taking a change back', () => {
  it('says first what would come of it', async (t) => {
    const side = await start(t);
    side.roster.setMode(side.roster.backend('web', 'b1') ?? assert.fail(), 'drain', 'test');
    const answer = await side.ask('/api/v1/pools/web/changes?setting=mode&backend=b1&dryRun=1', { method: 'DELETE' });
    const { undone, changes } = JSON.parse(answer.text) as { undone: DriftEntry; changes: string[] };
    assert.deepEqual([undone.now, changes], ['drain', ['backend b1: mode drain → ready']]);
    assert.equal(side.roster.backend('web', 'b1')?.mode, 'drain');
  });
});
