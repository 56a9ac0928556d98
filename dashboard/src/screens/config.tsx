/** The config in force: where each value is from, what was changed since, and a place to check another one. */
export function ConfigScreen() {
  return (
    <main class="screen" id="screen" tabIndex={-1}>
      <h1>Config</h1>
    </main>
  );
}
