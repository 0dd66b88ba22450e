/** A file cannot be imported: one line that says which row or column it is about. */
export class ImportError extends Error {
  override readonly name = 'ImportError';
}
