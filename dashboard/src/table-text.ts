/** A table as text for elsewhere: CSV by RFC 4180, and JSON. Pure. */

export interface TextColumn<Row> {
  readonly words: string;
  readonly valueOf: (row: Row) => string | number | null;
}

export function csvOf<Row>(columns: readonly TextColumn<Row>[], rows: readonly Row[]): string {
  const lines = [columns.map(({ words }) => words), ...rows.map((row) => columns.map(({ valueOf }) => valueOf(row)))];
  return `${lines.map((cells) => cells.map(field).join(',')).join('\r\n')}\r\n`;
}

/** A text that a spreadsheet would take for a formula is kept from being one. */
function field(value: string | number | null): string {
  if (value === null) return '';
  const text = typeof value === 'string' && /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export function jsonOf(rows: readonly unknown[]): string {
  return `${JSON.stringify(rows, null, 2)}\n`;
}
