/** The process and its workers: how busy they are, what they hold, what they are built of. */
export function SystemScreen() {
  return (
    <main class="screen" id="screen" tabIndex={-1}>
      <h1>System</h1>
    </main>
  );
}
