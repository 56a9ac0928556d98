/** The config in force as a tree, each value with where it is from; folded, filtered, and copied as YAML. */
import { useSignal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import { FilterField } from '../parts/filter-field.tsx';
import { place, setOption } from '../router.ts';
import { CopyButton } from '../tap/copy-button.tsx';
import { config, fileName } from './config-state.ts';
import {
  type ConfigNode,
  type ConfigRow,
  configTree,
  filterTree,
  isMore,
  nextLimit,
  type OriginFilter,
  originText,
  rowsOf,
  summaryOf,
  yamlOf,
} from './config-tree.ts';
import { flowOf, keyText } from './yaml-text.ts';

const FILTERS: readonly { readonly key: OriginFilter; readonly words: string }[] = [
  { key: 'all', words: 'Everything' },
  { key: 'set', words: 'Not a default' },
  { key: 'file', words: 'File' },
  { key: 'environment', words: 'Environment' },
  { key: 'flag', words: 'Command line' },
  { key: 'runtime', words: 'Run time' },
];

interface EffectiveViewProps {
  readonly onOpenLine: (line: number) => void;
}

export function EffectiveView({ onOpenLine }: EffectiveViewProps) {
  const toggled = useSignal<ReadonlySet<string>>(new Set());
  const more = useSignal<ReadonlyMap<string, number>>(new Map());
  const { filter: text, options } = place.value;
  const origin = FILTERS.find(({ key }) => key === options['origin'])?.key ?? 'all';
  const settings = config.value?.value.settings ?? null;
  const tree = useMemo(() => (settings === null ? null : configTree(settings)), [settings]);
  const kept = useMemo(() => (tree === null ? null : filterTree(tree, { text, origin })), [tree, text, origin]);
  const hasFlags = config.value !== null && config.value.value.file === null;
  // What was asked for is shown, and not folded away.
  const isFiltered = text.trim() !== '' || origin !== 'all';
  useEffect(() => {
    // What was folded by hand was folded in another tree.
    toggled.value = new Set();
  }, [text, origin]);
  const rows = kept === null ? [] : rowsOf(kept, toggled.value, more.value, isFiltered);
  const toggle = (node: ConfigNode): void => {
    const next = new Set(toggled.peek());
    if (!next.delete(node.id)) next.add(node.id);
    toggled.value = next;
  };
  return (
    <section class="effective" aria-label="The config in force">
      <header class="section-head">
        <FilterField label="Filter by setting, value, origin" text={text} />
        <label class="origin-filter">
          <span>From</span>
          <select
            data-testid="origin-filter"
            value={origin}
            onChange={(event) =>
              setOption('origin', event.currentTarget.value === 'all' ? null : event.currentTarget.value)
            }
          >
            {FILTERS.filter(({ key }) => (hasFlags ? key !== 'file' : key !== 'flag')).map(({ key, words }) => (
              <option key={key} value={key} selected={key === origin}>
                {words}
              </option>
            ))}
          </select>
        </label>
        <a class="section-link" href="api/v1/config/schema" target="_blank" rel="noreferrer">
          JSON Schema
        </a>
        <CopyYaml tree={kept} />
      </header>
      <div class="panel tree-panel">
        {settings === null && config.value !== null ? (
          <p class="empty">Where these settings are from is not known here.</p>
        ) : null}
        {tree !== null && rows.length === 0 ? <p class="empty">No setting matches.</p> : null}
        {rows.length === 0 ? null : (
          <ul class="tree" data-testid="config-tree">
            {rows.map((row) =>
              isMore(row) ? (
                <li key={`more ${row.parent.id}`} class="tree-row" data-depth={Math.min(row.depth, 6)}>
                  <button
                    type="button"
                    class="button"
                    data-testid="tree-more"
                    onClick={() => {
                      more.value = new Map(more.peek()).set(row.parent.id, nextLimit(row));
                    }}
                  >
                    Show {Math.min(100, row.count - row.shown)} more of {row.count}
                  </button>
                </li>
              ) : (
                <TreeRow key={row.node.id} row={row} onToggle={toggle} onOpenLine={onOpenLine} />
              ),
            )}
          </ul>
        )}
      </div>
    </section>
  );
}

/** Made only when somebody wants it: of a thousand backends it is long. */
function CopyYaml({ tree }: { readonly tree: ConfigNode | null }) {
  const text = useMemo(() => (tree === null ? '' : yamlOf(tree)), [tree]);
  return <CopyButton label="Copy as YAML" text={text} testid="copy-yaml" />;
}

interface TreeRowProps {
  readonly row: ConfigRow;
  readonly onToggle: (node: ConfigNode) => void;
  readonly onOpenLine: (line: number) => void;
}

function TreeRow({ row: { node, depth, isOpen }, onToggle, onOpenLine }: TreeRowProps) {
  const { key, setting } = node;
  const name = key === null ? `${nameOf(node)}` : keyText(key);
  if (setting !== null) {
    const { origin, line, inForce } = setting;
    return (
      <li class="tree-row" data-depth={Math.min(depth, 6)} data-origin={origin} data-row tabIndex={-1}>
        <code class="tree-value">
          {key === null ? <span class="tree-key">- </span> : <span class="tree-key">{name}: </span>}
          {flowOf(setting.value)}
          {inForce === undefined ? null : (
            <span class="tree-in-force">
              {' '}
              <span aria-hidden="true">→</span>
              <span class="hidden">in force as</span> {flowOf(inForce)}
            </span>
          )}
        </code>
        {line === undefined || fileName.value === null ? (
          <span class="tree-origin">{originText(setting, fileName.value)}</span>
        ) : (
          <button type="button" class="tree-origin link-button" onClick={() => onOpenLine(line)}>
            {originText(setting, fileName.value)}
          </button>
        )}
      </li>
    );
  }
  const summary = isOpen === true ? '' : summaryOf(node);
  return (
    <li class="tree-row" data-depth={Math.min(depth, 6)} data-section={isOpen !== null} data-row tabIndex={-1}>
      {isOpen === null ? (
        <code class="tree-value">
          <span class="tree-key">{name}: </span>
          {summary}
        </code>
      ) : (
        <button type="button" class="tree-fold" aria-expanded={isOpen} data-open onClick={() => onToggle(node)}>
          <span class="tree-sign" aria-hidden="true" data-is-open={isOpen} />
          <code>
            <span class="tree-key">{key === null ? `- ${name}` : `${name}:`}</span>
            {summary === '' ? null : <span class="tree-summary"> {summary}</span>}
          </code>
        </button>
      )}
      {node.runtimeCount > 0 && isOpen !== true ? (
        <span class="tree-origin" data-origin="runtime">
          {node.runtimeCount} at run time
        </span>
      ) : null}
    </li>
  );
}

/** What an entry of a list is called: its name, its pool, or its place. */
function nameOf(node: ConfigNode): string {
  for (const wanted of ['name', 'pool', 'url']) {
    const setting = node.children.find(({ key }) => key === wanted)?.setting;
    const value = setting?.value ?? setting?.inForce;
    if (typeof value === 'string') return value;
  }
  return String(Number(node.id.split('/').at(-1)) + 1);
}
