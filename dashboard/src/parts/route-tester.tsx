/**
 * The tester of routes: a request is typed, and the server says what would become of it. Enter or
 * the button asks; nothing is sent to a backend.
 */
import { useComputed } from '@preact/signals';
import type { RefObject } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { RouteTest } from '../live/route-test.ts';
import { METHODS } from '../route-question.ts';
import { RouteStory } from './route-story.tsx';

interface RouteTesterProps {
  readonly test: RouteTest;
  /** Where a request would be sent, such as `127.0.0.1:8080`; null while that is not known. */
  readonly listener: string | null;
  readonly target: RefObject<HTMLInputElement | null>;
}

export function RouteTester({ test, listener, target }: RouteTesterProps) {
  const form = test.form.value;
  const mistake = test.mistake.value;
  const answer = test.answer.value;
  const headers = useRef<HTMLTextAreaElement>(null);
  const hasHeaders = useComputed(() => test.form.value.headers !== '').value;
  const methods = METHODS.some((one) => one === form.method) ? METHODS : [...METHODS, form.method];
  // Whoever asked is led to what is wrong.
  useEffect(() => {
    if (mistake !== null) (mistake.field === 'headers' ? headers : target).current?.focus();
  }, [mistake]);
  return (
    <section class="panel tester" id="tester" aria-labelledby="tester-title" data-testid="tester">
      <h2 id="tester-title" class="panel-title">
        Test a request
        <span class="minor">Where would it go? Nothing is sent.</span>
      </h2>
      <form
        noValidate
        class="tester-form"
        aria-busy={test.isAsking.value}
        onSubmit={(event) => {
          event.preventDefault();
          test.ask();
        }}
      >
        <label class="tester-method">
          <span>Method</span>
          <select
            data-testid="tester-method"
            value={form.method}
            onChange={(event) => test.change({ method: event.currentTarget.value })}
          >
            {methods.map((method) => (
              <option key={method} value={method}>
                {method}
              </option>
            ))}
          </select>
        </label>
        <label class="tester-target">
          <span>URL, host and path, or a path</span>
          <input
            ref={target}
            type="text"
            inputMode="url"
            data-testid="tester-target"
            placeholder="http://api.example.com/v1"
            value={form.target}
            spellcheck={false}
            autocomplete="off"
            autocapitalize="off"
            aria-describedby="tester-mistake"
            aria-invalid={mistake?.field === 'target'}
            onInput={(event) => test.change({ target: event.currentTarget.value })}
          />
        </label>
        <button type="submit" class="button primary tester-ask" data-testid="tester-ask">
          Test
        </button>
        <details class="tester-headers" open={hasHeaders || undefined}>
          <summary>Header lines</summary>
          <label>
            <span>
              Of these only <code>Host</code> decides; it stands for that of the URL.
            </span>
            <textarea
              ref={headers}
              rows={2}
              data-testid="tester-headers"
              placeholder="Host: api.example.com"
              value={form.headers}
              spellcheck={false}
              aria-describedby="tester-mistake"
              aria-invalid={mistake?.field === 'headers'}
              onInput={(event) => test.change({ headers: event.currentTarget.value })}
            />
          </label>
        </details>
      </form>
      <p class="form-error tester-mistake" id="tester-mistake" role="alert">
        {mistake?.text ?? ''}
      </p>
      <p class="hidden" role="status" data-testid="tester-aloud">
        {test.aloud}
      </p>
      {answer === null ? null : (
        <RouteStory
          answer={answer}
          listener={listener}
          onClear={() => {
            test.clear();
            target.current?.focus();
          }}
        />
      )}
    </section>
  );
}
