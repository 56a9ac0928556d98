/**
 * Reads something of the admin API that the live channel does not push, and again whenever `key`
 * has changed: what it is made of. Until the new answer is here the old one stays, so that nothing
 * blinks. Called by screens.
 */
import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiError } from './api.ts';

export interface Reading<Answer> {
  /** Null until the first answer. */
  readonly answer: Answer | null;
  /** Why the last question was not answered; null where it was. */
  readonly problem: string | null;
}

export function useRead<Answer>(read: () => Promise<Answer>, key: string): Reading<Answer> {
  const [reading, setReading] = useState<Reading<Answer>>({ answer: null, problem: null });
  const asked = useRef(0);
  useEffect(() => {
    asked.current += 1;
    const number = asked.current;
    // An answer that another question has overtaken is old.
    const isCurrent = (): boolean => number === asked.current;
    read().then(
      (answer) => {
        if (isCurrent()) setReading({ answer, problem: null });
      },
      (error: unknown) => {
        const problem = error instanceof ApiError ? error.message : String(error);
        if (isCurrent()) setReading(({ answer }) => ({ answer, problem }));
      },
    );
  }, [key]);
  useEffect(
    () => () => {
      asked.current += 1;
    },
    [],
  );
  return reading;
}
