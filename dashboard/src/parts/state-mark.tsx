/**
 * A state as shape, colour and word: each of the three alone is enough to tell it. Shapes are
 * drawn, not typed, so that they look the same on every system; colours are those of Okabe and
 * Ito, which stay apart for every kind of colour vision.
 */
import type { ComponentChildren, JSX } from 'preact';
import type { BackendState } from '../../../src/protocol/admin-api.ts';
import type { EventLevel, Severity } from '../protocol.ts';

export type ShapeName = BackendState | Severity | EventLevel;

const disc = <circle cx="6" cy="6" r="5" fill="currentColor" />;
const cross = <path d="M2 2 10 10M10 2 2 10" stroke="currentColor" stroke-width="2.8" stroke-linecap="round" />;
const triangle = <path d="M6 .8 11.6 11H.4Z" fill="currentColor" />;
const dashedRing = (
  <circle cx="6" cy="6" r="4.6" fill="none" stroke="currentColor" stroke-width="1.8" stroke-dasharray="2.6 2.2" />
);
const ring = <circle cx="6" cy="6" r="3" fill="none" stroke="currentColor" stroke-width="1.6" />;

const SHAPES: Readonly<Record<ShapeName, JSX.Element>> = {
  up: disc,
  down: cross,
  unknown: dashedRing,
  unchecked: dashedRing,
  degraded: triangle,
  ejected: <path d="M7.6 0 1.6 7h3.2L3.4 12l7-7.4H7Z" fill="currentColor" />,
  draining: (
    <>
      <circle cx="6" cy="6" r="4.6" fill="none" stroke="currentColor" stroke-width="1.6" />
      <path d="M6 1.4a4.6 4.6 0 0 0 0 9.2Z" fill="currentColor" />
    </>
  ),
  maintenance: <path d="M2 1h3v10H2zM7 1h3v10H7z" fill="currentColor" />,
  unresolved: (
    <>
      <path
        d="M3.2 4A2.8 2.8 0 1 1 7 6.2C6.2 6.6 6 7 6 8"
        fill="none"
        stroke="currentColor"
        stroke-width="1.8"
        stroke-linecap="round"
      />
      <circle cx="6" cy="10.8" r="1.2" fill="currentColor" />
    </>
  ),
  good: disc,
  bad: cross,
  warning: triangle,
  info: ring,
};

export function Shape({ of, label }: { readonly of: ShapeName; readonly label?: string }) {
  const name = label === undefined ? { 'aria-hidden': true } : { role: 'img' as const, 'aria-label': label };
  return (
    <svg class="shape" data-state={of} viewBox="0 0 12 12" width="12" height="12" {...name}>
      {label === undefined ? null : <title>{label}</title>}
      {SHAPES[of]}
    </svg>
  );
}

interface StateMarkProps {
  readonly state: ShapeName;
  readonly children: ComponentChildren;
  readonly testid?: string;
}

/** Shape and word in one colour. */
export function StateMark({ state, children, testid }: StateMarkProps) {
  return (
    <span class="state" data-state={state} data-testid={testid}>
      <Shape of={state} />
      <span class="state-word">{children}</span>
    </span>
  );
}
