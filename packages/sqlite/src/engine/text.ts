/** Makes text storable in SQLite. */

/** Replaces each NUL by U+FFFD. SQLite text ends at a NUL, so `a` and `a\0b` would be the same partition. */
export function keepable(value: string): string {
  return value.includes('\0') ? value.replaceAll('\0', '\uFFFD') : value;
}
