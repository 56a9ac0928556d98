/** Asks for the admin token. It goes to the server once and is kept only in the session cookie. */
import { useSignal } from '@preact/signals';
import { ApiError, signIn } from '../live/api.ts';
import { signedIn } from '../live/session.ts';

export function SignInScreen() {
  const error = useSignal('');
  const isPending = useSignal(false);
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    if (!(event.currentTarget instanceof HTMLFormElement) || isPending.value) return;
    const token = String(new FormData(event.currentTarget).get('token') ?? '').trim();
    if (token === '') {
      error.value = 'The token is empty.';
      return;
    }
    isPending.value = true;
    error.value = '';
    try {
      await signIn(token);
      signedIn();
    } catch (problem) {
      const isWrong = problem instanceof ApiError && problem.status === 401;
      error.value = isWrong ? 'This is not the token.' : problem instanceof Error ? problem.message : String(problem);
    } finally {
      isPending.value = false;
    }
  };
  return (
    <main class="screen sign-in" id="screen" tabIndex={-1} data-testid="sign-in">
      <form class="panel form" onSubmit={(event) => void submit(event as SubmitEvent)}>
        <h1>Sign in</h1>
        <p>This balancer asks for its admin token.</p>
        <label>
          <span>Token</span>
          <input
            name="token"
            type="password"
            autocomplete="current-password"
            autoFocus
            spellcheck={false}
            data-testid="sign-in-token"
            aria-describedby="sign-in-error"
            aria-invalid={error.value !== ''}
          />
        </label>
        <p class="form-error" id="sign-in-error" role="alert" data-testid="sign-in-error">
          {error.value}
        </p>
        <button type="submit" class="button primary" aria-disabled={isPending.value} data-testid="sign-in-submit">
          {isPending.value ? 'Signing in …' : 'Sign in'}
        </button>
        <p class="hint">
          The token is the setting <code>admin.token</code>, most often from the variable{' '}
          <code>BALLAST_ADMIN_TOKEN</code>. Or open the one-time link that the balancer printed when it started.
        </p>
      </form>
    </main>
  );
}
