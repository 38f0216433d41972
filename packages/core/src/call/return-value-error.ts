/** A return value that cannot become a result. The message is for the author of the function, and may be sent to the model. */
export class ReturnValueError extends Error {
  override readonly name = 'ReturnValueError';
}
