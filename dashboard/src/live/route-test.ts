/**
 * The test of a route that is under way: what is in the form, what was asked, and the answer. Kept
 * in the address, so that it can be shared and comes back with the page. Used by the screen of
 * routes. Asking sends nothing to a backend.
 */
import { batch, type ReadonlySignal, signal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import type { Explanation } from '../../../src/protocol/admin-api.ts';
import { nowMs } from '../parts/age.tsx';
import {
  bodyOf,
  EMPTY_FORM,
  formOf,
  isMistake,
  type Mistake,
  optionsOf,
  type RequestAsked,
  readForm,
  type TestForm,
} from '../route-question.ts';
import { storyAloud } from '../route-words.ts';
import { place, setOption } from '../router.ts';
import { ApiError, explainRequest } from './api.ts';
import { isUnauthorized, signOut } from './session.ts';

/** What came of a question. */
export interface Answer {
  readonly asked: RequestAsked;
  readonly explanation: Explanation;
  /** By the clock of the server. */
  readonly atMs: number;
}

export interface RouteTest {
  readonly form: ReadonlySignal<TestForm>;
  readonly answer: ReadonlySignal<Answer | null>;
  readonly mistake: ReadonlySignal<Mistake | null>;
  readonly isAsking: ReadonlySignal<boolean>;
  /** For those who listen to the page. */
  readonly aloud: ReadonlySignal<string>;
  change(part: Partial<TestForm>): void;
  /** Asks what stands in the form, or this. */
  ask(form?: TestForm): void;
  clear(): void;
}

/** `listener`: where a request goes that names no host; null while that is not known. */
export function useRouteTest(listener: string | null): RouteTest {
  const test = useMemo(() => new Test(), []);
  test.listener = listener;
  const { method, url, headers } = place.value.options;
  const isKnown = listener !== null;
  // The page was opened with a question, or somebody has followed a link to another one.
  useEffect(() => {
    if (isKnown) test.follow();
  }, [method, url, headers, isKnown]);
  return test;
}

class Test implements RouteTest {
  readonly form = signal<TestForm>(formOf(place.peek().options));
  readonly answer = signal<Answer | null>(null);
  readonly mistake = signal<Mistake | null>(null);
  readonly isAsking = signal(false);
  readonly aloud = signal('');
  listener: string | null = null;
  /** As the address has it; what is there already is not asked again. */
  #kept = '';
  #asked = 0;

  change(part: Partial<TestForm>): void {
    this.form.value = { ...this.form.peek(), ...part };
  }

  follow(): void {
    const form = formOf(place.peek().options);
    if (keyOf(form) === this.#kept) return;
    if (form.target === '') this.#forget();
    else this.ask(form);
  }

  ask(form = this.form.peek()): void {
    const read = readForm(form, this.listener ?? '');
    batch(() => {
      this.form.value = form;
      this.mistake.value = isMistake(read) ? read : null;
      // The same words again would not be said again.
      this.aloud.value = '';
    });
    if (isMistake(read)) return;
    this.#keep(form);
    void this.#send(read);
  }

  clear(): void {
    this.#keep(EMPTY_FORM);
    this.#forget();
  }

  #forget(): void {
    this.#asked++;
    this.#kept = keyOf(EMPTY_FORM);
    batch(() => {
      this.form.value = EMPTY_FORM;
      this.answer.value = null;
      this.mistake.value = null;
      this.isAsking.value = false;
      this.aloud.value = '';
    });
  }

  #keep(form: TestForm): void {
    this.#kept = keyOf(form);
    batch(() => {
      for (const [name, value] of Object.entries(optionsOf(form))) setOption(name, value);
    });
  }

  async #send(asked: RequestAsked): Promise<void> {
    const number = ++this.#asked;
    this.isAsking.value = true;
    let explanation: Explanation | null = null;
    let problem = '';
    try {
      explanation = await explainRequest(bodyOf(asked));
    } catch (error) {
      if (isUnauthorized(error)) signOut();
      problem = error instanceof ApiError ? error.message : String(error);
    }
    // Another question was asked meanwhile.
    if (number !== this.#asked) return;
    batch(() => {
      this.isAsking.value = false;
      this.answer.value = explanation === null ? null : { asked, explanation, atMs: nowMs.peek() };
      this.mistake.value = explanation === null ? { field: 'target', text: problem } : null;
      this.aloud.value = explanation === null ? '' : storyAloud(explanation);
    });
  }
}

const keyOf = (form: TestForm): string => JSON.stringify(optionsOf(form));
