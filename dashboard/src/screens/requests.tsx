/** Requests as they end, for a while: the tap. */
export function RequestsScreen() {
  return (
    <main class="screen" id="screen" tabIndex={-1}>
      <h1>Requests</h1>
    </main>
  );
}
