import type { Value } from './types.ts';

/**
 * How much a statement may cost, by the program that SQLite compiled it to (https://www.sqlite.org/opcode.html):
 * - `point`: no loop at all; each instruction runs once at most
 * - `stepwise`: one loop, each turn of which yields a row: a step is cheap, however many rows there are
 * - `heavy`: anything else
 */
export type Cost = 'point' | 'stepwise' | 'heavy';

/** Instructions whose own cost is bounded by the size of a row, apart from those that loop and those that call. */
const cheap = new Set(
  (
    'Init Goto Gosub Return BeginSubrtn Halt HaltIfNull Transaction OpenRead ReopenIdx Close Noop Explain Once ' +
    'Integer Int64 Real String String8 Null SoftNull Blob Variable Move Copy SCopy IntCopy Column Rowid IdxRowid ' +
    'DeferredSeek FinishSeek RealAffinity Affinity Cast MustBeInt TypeCheck ResultRow ReleaseReg ' +
    'Add Subtract Multiply Divide Remainder Concat BitAnd BitOr BitNot ShiftLeft ShiftRight AddImm ' +
    'Eq Ne Lt Le Gt Ge ElseEq Compare Jump Permutation CollSeq ZeroOrNull And Or Not IsTrue If IfNot IsNull NotNull ' +
    'IsType IfNullRow NullRow SeekRowid NotExists SeekGE SeekGT SeekLE SeekLT SeekHit SeekScan IdxGT IdxGE IdxLT IdxLE ' +
    'Found NotFound NoConflict Last Rewind DecrJumpZero IfPos IfNotZero OffsetLimit MakeRecord OpenEphemeral OpenPseudo ' +
    'IdxInsert Insert NewRowid Sequence SorterOpen SorterInsert SorterSort SorterData Sort RowData RowSetTest ' +
    'AggStep AggStep1 AggFinal AggValue EndCoroutine InitCoroutine Yield'
  ).split(' '),
);
const loops = new Set(['Next', 'Prev']);
const calls = new Set(['Function', 'PureFunc']);
/** What may stand between the beginning of a loop and the row it yields: nothing that passes a row over. */
const yielding = new Set(
  (
    'Rowid IdxRowid Column DeferredSeek FinishSeek ResultRow RealAffinity Copy SCopy IntCopy Integer String8 Null Real ' +
    'Affinity Cast Add Subtract Multiply Divide Remainder Concat Noop ReleaseReg AddImm Variable'
  ).split(' '),
);
/** Ends of a range: they leave the loop. */
const leaving = new Set(['IdxGT', 'IdxGE', 'IdxLT', 'IdxLE', 'Gt', 'Ge', 'Lt', 'Le', 'DecrJumpZero']);

/** Functions whose cost grows no faster than the size of their arguments: LIKE, instr and trim are not among them. */
const cheapFunctions = new Set(
  (
    'abs char coalesce hex ifnull iif length lower max min nullif octet_length quote round ' +
    'sign substr substring typeof unicode unhex upper count sum total avg ceil ceiling floor mod pow power sqrt exp ' +
    'ln log log10 date time datetime julianday strftime unixepoch random changes last_insert_rowid'
  ).split(' '),
);

/**
 * @param program the rows of `EXPLAIN`: address, opcode, p1, p2, p3, p4, p5, comment
 * @param functions what the statement calls, in lower case
 * @param alsoCheap functions of the connection that are cheap
 */
export function costOf(
  program: readonly (readonly Value[])[],
  functions: ReadonlySet<string>,
  alsoCheap: ReadonlySet<string>,
): Cost {
  for (const name of functions) if (!cheapFunctions.has(name) && !alsoCheap.has(name)) return 'heavy';
  let loop: number | undefined;
  for (const [address, instruction] of program.entries()) {
    const opcode = opcodeOf(instruction);
    if (loops.has(opcode)) {
      if (loop !== undefined) return 'heavy';
      loop = address;
    } else if (!cheap.has(opcode) && !calls.has(opcode)) return 'heavy';
  }
  if (loop === undefined) return 'point';
  return yieldsEachTurn(program, loop) ? 'stepwise' : 'heavy';
}

/** Whether two programs of one loop go through the same rows in the same order. */
export function sameWalk(
  program: readonly (readonly Value[])[],
  other: readonly (readonly Value[])[],
): boolean {
  const walk = (instructions: readonly (readonly Value[])[]) =>
    instructions.map(opcodeOf).filter((opcode) => walking.test(opcode));
  return walk(program).join() === walk(other).join();
}

const walking = /^(?:OpenRead|Rewind|Last|Seek|Next|Prev|Idx[GL])/;

function yieldsEachTurn(program: readonly (readonly Value[])[], end: number): boolean {
  const begin = operand(program[end], 2);
  if (begin >= end) return false;
  let rows = 0;
  for (let address = begin; address < end; address++) {
    const instruction = program[address];
    const opcode = opcodeOf(instruction);
    if (opcode === 'ResultRow') rows++;
    if (leaving.has(opcode)) {
      // Out of the loop and no further back.
      if (operand(instruction, 2) <= end) return false;
    } else if (!yielding.has(opcode) && !calls.has(opcode)) return false;
  }
  return rows === 1;
}

function opcodeOf(instruction: readonly Value[] | undefined): string {
  return String(instruction?.[1]);
}

/** The operand p1, p2 or p3. */
function operand(instruction: readonly Value[] | undefined, which: 1 | 2 | 3): number {
  return Number(instruction?.[1 + which]);
}
