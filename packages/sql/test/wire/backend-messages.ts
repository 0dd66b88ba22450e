/** One message of a backend, taken apart: its type and its body. */
export type BackendMessage = { type: string; body: Buffer };

/** Takes a reply apart; whatever is no run of whole messages is an error. */
export function backendMessages(bytes: Buffer): BackendMessage[] {
  const messages: BackendMessage[] = [];
  let at = 0;
  while (at < bytes.length) {
    const length = bytes.readInt32BE(at + 1);
    if (length < 4 || at + 1 + length > bytes.length) throw new Error(`no message at byte ${at}`);
    messages.push({
      type: String.fromCharCode(bytes[at] as number),
      body: bytes.subarray(at + 5, at + 1 + length),
    });
    at += 1 + length;
  }
  return messages;
}

/** The columns of a DataRow as bytes. */
export function columnsOf(body: Buffer): (Buffer | null)[] {
  const columns: (Buffer | null)[] = [];
  let at = 2;
  for (let i = 0; i < body.readUInt16BE(0); i++) {
    const length = body.readInt32BE(at);
    at += 4;
    columns.push(length < 0 ? null : body.subarray(at, at + length));
    at += Math.max(0, length);
  }
  if (at !== body.length) throw new Error('the columns are not the row');
  return columns;
}
