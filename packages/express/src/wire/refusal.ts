/** Why a request is refused. */
/** The reason why a request is not served, as an HTTP error. */
export interface Refusal {
  /** An HTTP status from 400 up. */
  status: number;
  /** A message for people. It never contains a stack trace or a setting. */
  message?: string;
  /** Further headers, such as `WWW-Authenticate`. */
  headers?: Readonly<Record<string, string>>;
}
