/** A value that cannot be made into a result. Its message is for the author of the function, and safe for the model. */
export class ReturnValueError extends Error {
  override readonly name = 'ReturnValueError';
}
