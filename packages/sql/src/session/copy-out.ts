import type { Value } from '../engine/types.ts';
import { type TextFormat, textFormat } from '../types/value-text.ts';
import { copyFormat } from '../wire/copy-format.ts';
import { copyHeader, copyLines } from '../wire/copy-writer.ts';
import type { ReplyWriter } from '../wire/reply-writer.ts';
import type { Compiled } from './compiler.ts';
import { type CopyCommand, copyTarget } from './copy-target.ts';
import { typesWith } from './result-shape.ts';
import type { SessionContext } from './session-context.ts';
import { awaited, type Work } from './work.ts';

const CHUNK_BYTES = 65_536;

/** COPY … TO STDOUT. @returns the command tag. @throws SqlError, EngineError */
export function* copyOut(context: SessionContext, compiled: Compiled, out: ReplyWriter): Work<string> {
  const { columns, query } = yield* copyTarget(context, compiled);
  const { options } = compiled.command as CopyCommand;
  const format = copyFormat(
    options,
    columns.map(({ name }) => name),
  );
  const rows = yield* awaited(context.session.execute(query));
  try {
    const types = typesWith((compiled.inner ?? compiled).typesOf(columns), rows.first);
    const texts = types.map(textFormat);
    const line = copyLines(format);
    out.copyOutResponse(columns.length);
    if (format.header) out.copyData(copyHeader(format));
    let count = 0;
    for (let last = false; !last; ) {
      const batch = yield* awaited(rows.next());
      last = batch.last;
      count += batch.count;
      for (const row of batch.values) {
        out.copyData(line(row.map((value, i) => textOf(value, texts[i]))));
        if (out.length > CHUNK_BYTES) yield out.take();
      }
    }
    out.copyDone();
    return `COPY ${count}`;
  } finally {
    rows.close();
  }
}

function textOf(value: Value, format: TextFormat | undefined): string | null {
  return value === null || format === undefined ? null : format(value);
}
