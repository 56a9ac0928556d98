/**
 * Points into a picture, and selects a stretch of it, with mouse, pen or finger. It knows pixels and
 * moments, and nothing of charts; a click without a way selects nothing.
 */

/** Less than this is a click with an unsteady hand. */
const LEAST_PIXELS = 5;

export interface BrushHooks {
  /** The moment under the pointer; null when it leaves. */
  readonly onPoint: (at: number | null) => void;
  /** While it is drawn; null when it is given up. */
  readonly onSelect: (selection: { readonly anchorAt: number; readonly headAt: number } | null) => void;
  /** When it is let go. */
  readonly onChoose: () => void;
}

/** `momentAt`: of a place in `area`, in pixels from its left edge. Answers how to stop. */
export function attachBrush(area: HTMLElement, momentAt: (x: number) => number, hooks: BrushHooks): () => void {
  let startX: number | null = null;
  let anchorAt = 0;
  let isDrawn = false;
  const placeOf = (event: PointerEvent): number => {
    const { left, width } = area.getBoundingClientRect();
    return Math.min(width, Math.max(0, event.clientX - left));
  };
  const end = (): void => {
    startX = null;
    isDrawn = false;
  };
  const onDown = (event: PointerEvent): void => {
    if (!event.isPrimary || event.button !== 0) return;
    startX = placeOf(event);
    // The picture may move on below the hand: the moment stays.
    anchorAt = momentAt(startX);
  };
  const onMove = (event: PointerEvent): void => {
    if (!event.isPrimary) return;
    const x = placeOf(event);
    hooks.onPoint(momentAt(x));
    if (startX === null) return;
    if (!isDrawn && Math.abs(x - startX) < LEAST_PIXELS) return;
    if (!isDrawn) area.setPointerCapture(event.pointerId);
    isDrawn = true;
    hooks.onSelect({ anchorAt, headAt: momentAt(x) });
  };
  const onUp = (event: PointerEvent): void => {
    if (!event.isPrimary) return;
    const wasDrawn = isDrawn;
    end();
    if (wasDrawn) hooks.onChoose();
  };
  const onCancel = (): void => {
    if (isDrawn) hooks.onSelect(null);
    end();
  };
  const onLeave = (): void => hooks.onPoint(null);
  const stopped = new AbortController();
  const { signal } = stopped;
  area.addEventListener('pointerdown', onDown, { signal });
  area.addEventListener('pointermove', onMove, { signal });
  area.addEventListener('pointerup', onUp, { signal });
  area.addEventListener('pointercancel', onCancel, { signal });
  area.addEventListener('pointerleave', onLeave, { signal });
  return () => stopped.abort();
}
