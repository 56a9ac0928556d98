/** Listeners and routes: who answers what, and a tester that says why. */
export function RoutesScreen() {
  return (
    <main class="screen" id="screen" tabIndex={-1}>
      <h1>Routes</h1>
    </main>
  );
}
