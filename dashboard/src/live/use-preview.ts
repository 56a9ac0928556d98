/**
 * What a change would come to, as long as a dialog asks about it: read from the server when it
 * opens, again when the pool is no longer as it was, and now and then for what is in flight.
 */
import { useEffect, useRef, useState } from 'preact/hooks';
import { type Change, isSamePreview, type Preview, targetsOf } from '../change.ts';
import { changedWords } from '../consequence.ts';
import { backendOf, poolOf } from '../store.ts';
import { refusalOf } from './actions.ts';
import { previewChange } from './api.ts';
import { latest } from './session.ts';

/** What is in flight is of this age at most. Of many backends it would be too much to ask. */
const REFRESH_MS = 2_000;
/** Nobody reads quicker. */
const READING_MS = 1_000;
/** While somebody types. */
const TYPING_MS = 200;

export interface Previewed {
  readonly preview: Preview | null;
  /** Why there is none. */
  readonly problem: string | null;
  /** What has changed since the dialog was opened; empty where nothing has. */
  readonly news: string;
  /** The news are so fresh that who presses now has not read them. */
  readonly isFresh: boolean;
  /** Shows another one, which the server has just answered. */
  readonly tell: (preview: Preview) => void;
}

type Shown = Pick<Previewed, 'preview' | 'problem' | 'news'>;

const NOTHING: Shown = { preview: null, problem: null, news: '' };

/** Null asks nothing. */
export function usePreview(change: Change | null): Previewed {
  const [state, setState] = useState<Shown>(NOTHING);
  const [isFresh, setFresh] = useState(false);
  const about = JSON.stringify(change);
  const asked = useRef('');
  const seen = useRef<Preview | null>(null);
  const tell = (preview: Preview): void => {
    const told = seen.current;
    seen.current = preview;
    setState(({ news }) => ({
      preview,
      problem: null,
      news: told !== null && !isSamePreview(told, preview) ? changedWords(told, preview) : news,
    }));
  };
  const model = latest.value;
  const pool = change === null ? null : poolOf(model, change.pool);
  const [only, ...more] = change === null ? [] : targetsOf(change);
  const backend = change === null || only === undefined || more.length > 0 ? null : backendOf(model, change.pool, only);
  const standing = `${pool?.availableCount} ${pool?.policy} ${backend?.mode} ${backend?.weight} ${backend?.state}`;

  useEffect(() => {
    let isOver = false;
    if (asked.current !== about) seen.current = null;
    const ask = async (): Promise<void> => {
      if (change === null) return;
      try {
        const preview = await previewChange(change);
        if (!isOver) tell(preview);
      } catch (error) {
        if (!isOver) setState({ preview: null, problem: refusalOf(error), news: '' });
      }
    };
    if (change === null) setState(NOTHING);
    const isAnother = asked.current !== 'null' && asked.current !== '' && asked.current !== about;
    asked.current = about;
    const first = setTimeout(() => void ask(), isAnother ? TYPING_MS : 0);
    const again = more.length > 0 ? undefined : setInterval(() => void ask(), REFRESH_MS);
    return () => {
      isOver = true;
      clearTimeout(first);
      clearInterval(again);
    };
  }, [about, standing]);
  useEffect(() => {
    if (state.news === '') return undefined;
    setFresh(true);
    const timer = setTimeout(() => setFresh(false), READING_MS);
    return () => clearTimeout(timer);
  }, [state.news]);
  return { ...state, isFresh, tell };
}
