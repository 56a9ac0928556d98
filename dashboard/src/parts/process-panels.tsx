/** The process in four panels: what it is, what it holds, what it is built of, what it reads and writes. */
import type { ComponentChildren } from 'preact';
import { formatBytes, formatClock, formatDay, formatShare, formatWhole } from '../format.ts';
import { isStale } from '../live/session.ts';
import type { ProcessFields, WorkerRow } from '../protocol.ts';
import { Age } from './age.tsx';
import { Meter } from './meter.tsx';

interface ProcessPanelsProps {
  readonly fields: ProcessFields;
  readonly workers: readonly WorkerRow[];
}

export function ProcessPanels({ fields, workers }: ProcessPanelsProps) {
  return (
    <div class="process-panels" data-stale={isStale.value}>
      <Identity fields={fields} />
      <Holdings fields={fields} />
      <Build fields={fields} workers={workers} />
      <Files fields={fields} />
    </div>
  );
}

function Identity({ fields }: { readonly fields: ProcessFields }) {
  const { pid, node, version, startedAtMs, tookOverFrom, instance } = fields;
  return (
    <Panel title="Process">
      <Fact name="Number" testid="process-pid">
        {pid}
      </Fact>
      <Fact name="Node">
        <code>{node}</code>
      </Fact>
      <Fact name="Version" testid="process-version">
        {version}
      </Fact>
      <Fact name="Started">
        {formatDay(startedAtMs)} {formatClock(startedAtMs)}
      </Fact>
      <Fact name="Up for" definition="ballast_uptime_seconds">
        <Age sinceMs={startedAtMs} />
      </Fact>
      <Fact name="Ports" definition="Opened by this process, or taken over from one before it without loss.">
        {tookOverFrom === null ? 'opened by itself' : `taken over from process ${tookOverFrom}`}
      </Fact>
      <Fact name="Instance" definition="Another start has another one.">
        <code>{instance}</code>
      </Fact>
    </Panel>
  );
}

function Holdings({ fields: { memory, descriptors } }: { readonly fields: ProcessFields }) {
  const { residentBytes, limitBytes, sharedBytes } = memory;
  const { open, limit, connectionsPerWorker, adminConnections } = descriptors;
  return (
    <Panel title="Memory and files">
      <Fact
        name="Resident memory"
        definition="Of all threads, of what the machine or the container has. process_resident_memory_bytes"
        share={residentBytes === null ? null : residentBytes / limitBytes}
      >
        {residentBytes === null ? (
          'not known here'
        ) : (
          <>
            {formatBytes(residentBytes)} <span class="minor">of {formatBytes(limitBytes)}</span>
          </>
        )}
      </Fact>
      <Fact name="Shared by all threads" definition="Counters, gauges and histograms; never resized.">
        {formatBytes(sharedBytes)}
      </Fact>
      <Fact
        name="Open files"
        definition="File descriptors: every connection is one. process_open_fds of process_max_fds"
        share={open === null || limit === null ? null : open / limit}
        testid="process-files"
      >
        {open === null ? 'not known here' : formatWhole(open)}
        <span class="minor"> {limit === null ? 'without a limit' : `of ${formatWhole(limit)}`}</span>
      </Fact>
      <Fact name="Each worker may have" definition="What is left is divided at the start, two for each client.">
        {connectionsPerWorker === null ? 'any number of clients' : `${formatWhole(connectionsPerWorker)} clients`}
      </Fact>
      <Fact name="This page and the API" definition="Connections to the admin side, live channels included.">
        at most {formatWhole(adminConnections)}
      </Fact>
    </Panel>
  );
}

const SOCKETS_WORDS = { handles: 'TCP handles', plain: 'plain sockets' } as const;

function Build({ fields: { build, cores }, workers }: ProcessPanelsProps) {
  const kinds = [...new Set(workers.flatMap(({ sockets }) => (sockets === null ? [] : [SOCKETS_WORDS[sockets]])))];
  return (
    <Panel title="Build and machine">
      <Fact name="Node.js" definition="ballast_build_info">
        {build.node}
      </Fact>
      <Fact name="V8">
        <code>{build.v8}</code>
      </Fact>
      <Fact name="Platform">{build.platform}</Fact>
      <Fact name="Cores" definition="That this process may use.">
        {cores}
      </Fact>
      <Fact name="Workers">{workers.length}</Fact>
      <Fact
        name="Connections over"
        definition="Node's TCP handles are quicker; plain sockets serve where there are none, or where BALLAST_SOCKETS=plain asks for them."
      >
        {kinds.length === 0 ? '–' : kinds.join(', ')}
      </Fact>
    </Panel>
  );
}

function Files({ fields: { configFile, stateFile, dnsServers } }: { readonly fields: ProcessFields }) {
  return (
    <Panel title="Config and names">
      <Fact name="Config file" testid="process-config">
        {configFile === null ? (
          'none: started from the command line'
        ) : (
          <>
            <code>{configFile.path}</code>
            <span class="minor fact-note">
              {configFile.isWatched ? 'reloaded by itself when it changes' : 'reloaded when asked to'}
            </span>
          </>
        )}
      </Fact>
      <Fact name="Run-time changes" testid="process-state">
        {stateFile.path === null ? null : <code>{stateFile.path}</code>}
        {stateFile.problem === null ? (
          <span class="minor fact-note">survive a restart</span>
        ) : (
          <span class={`fact-note ${stateFile.path === null ? 'minor' : 'bad'}`}>{stateFile.problem}</span>
        )}
      </Fact>
      <Fact name="Name servers">
        {dnsServers.length === 0 ? 'none' : dnsServers.map((server) => <code key={server}>{server}</code>)}
      </Fact>
    </Panel>
  );
}

function Panel({ title, children }: { readonly title: string; readonly children: ComponentChildren }) {
  return (
    <section class="panel process-panel" aria-label={title}>
      <h2 class="panel-title">{title}</h2>
      <dl>{children}</dl>
    </section>
  );
}

interface FactProps {
  readonly name: string;
  readonly children: ComponentChildren;
  /** What exactly it is; shown on hover. */
  readonly definition?: string;
  /** How much of it is used up, 0..1. */
  readonly share?: number | null;
  readonly testid?: string;
}

function Fact({ name, children, definition, share = null, testid }: FactProps) {
  return (
    <div title={definition}>
      <dt>{name}</dt>
      <dd data-testid={testid}>
        {children}
        {share === null ? null : (
          <span class="fact-share">
            <Meter share={share} />
            <span class="minor">{formatShare(share)}</span>
          </span>
        )}
      </dd>
    </div>
  );
}
