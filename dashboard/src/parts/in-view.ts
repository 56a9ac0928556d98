/**
 * Whether an element is in the window or close to it. Used by the rows of long tables: what nobody
 * sees is not painted each second, and is brought up to date as it comes into view.
 */

import { useEffect, useState } from 'preact/hooks';

const listeners = new Map<Element, (isInView: boolean) => void>();
let observer: IntersectionObserver | null = null;

function observerOf(): IntersectionObserver {
  observer ??= new IntersectionObserver(
    (entries) => {
      for (const entry of entries) listeners.get(entry.target)?.(entry.isIntersecting);
    },
    { rootMargin: '200px' },
  );
  return observer;
}

/** Always true while `isWatched` is false. */
export function useInView(element: { readonly current: Element | null }, isWatched: boolean): boolean {
  const [isInView, setInView] = useState(true);
  useEffect(() => {
    const target = element.current;
    if (!isWatched || target === null) return undefined;
    listeners.set(target, setInView);
    observerOf().observe(target);
    return () => {
      listeners.delete(target);
      observerOf().unobserve(target);
      setInView(true);
    };
  }, [isWatched]);
  return isInView || !isWatched;
}
