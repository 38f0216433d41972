/** Text as SQLite can keep it. */

/** To SQLite, text ends at a NUL, so that `a` and `a\0b` would be one partition: each NUL becomes U+FFFD. */
export function keepable(value: string): string {
  return value.includes('\0') ? value.replaceAll('\0', '\uFFFD') : value;
}
