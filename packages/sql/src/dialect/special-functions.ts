import { own } from '../own-value.ts';
import { quoteText } from './keywords.ts';
import { type Expression, Level, type Translator } from './translator.ts';

/**
 * Calls with a syntax of their own: EXTRACT(x FROM y), SUBSTRING(x FROM y FOR z), POSITION(x IN y), TRIM(BOTH x FROM y),
 * OVERLAY(x PLACING y FROM z). The name has been read, the parenthesis has not. Undefined for all others.
 */
export function specialSyntax(translator: Translator, name: string): Expression | undefined {
  const rule = own(rules, name);
  if (rule === undefined || !translator.is('(')) return undefined;
  const from = translator.at;
  const mark = translator.mark;
  const made = rule(translator);
  if (made !== undefined) return made;
  translator.at = from;
  translator.cut(mark);
  return undefined;
}

const rules: { readonly [name: string]: (translator: Translator) => Expression | undefined } = {
  extract(translator) {
    translator.at++;
    const field = translator.next().value;
    if (!translator.accept('from')) throw translator.unexpected();
    translator.put(`date_part(${quoteText(field.toLowerCase())},`);
    const from = translator.expression();
    end(translator);
    return made('numeric', 'extract', from.columns);
  },
  substring(translator) {
    translator.at++;
    translator.put('text_from(');
    const first = translator.last;
    const text = translator.expression();
    if (translator.isWord('similar')) throw translator.unsupported('SUBSTRING ... SIMILAR');
    const has = { from: false, for: false };
    let pattern = false;
    if (translator.is(',')) {
      translator.copy();
      has.from = true;
      const second = translator.expression();
      pattern = second.type === 'unknown' || second.type === 'text';
      if (translator.is(',')) {
        translator.copy();
        translator.expression();
      }
    } else {
      while (translator.isWord('from') || translator.isWord('for')) {
        const word = translator.next().value as 'from' | 'for';
        if (word === 'for' && !has.from) translator.put(', 1');
        translator.put(',');
        const operand = translator.expression();
        if (word === 'from') pattern = operand.type === 'unknown' || operand.type === 'text';
        has[word] = true;
      }
    }
    if (pattern) {
      translator.replace(first, 'substring_of_pattern(');
    }
    end(translator);
    return made('text', 'substring', text.columns);
  },
  position(translator) {
    translator.at++;
    const mark = translator.mark;
    // IN would be read as an operator.
    const sought = translator.expression(6);
    const text = translator.cut(mark);
    if (!translator.accept('in')) throw translator.unexpected();
    translator.put('instr(');
    const within = translator.expression();
    translator.put(`, ${text.trim()}`);
    end(translator);
    return made('int4', 'position', sought.columns || within.columns);
  },
  trim(translator) {
    translator.at++;
    const side = translator.isWord('leading') ? 'ltrim' : translator.isWord('trailing') ? 'rtrim' : 'trim';
    if (['leading', 'trailing', 'both'].includes(translator.word() ?? '')) translator.at++;
    const named = side === 'trim' ? 'btrim' : side;
    translator.put(`${side}(`);
    const mark = translator.mark;
    if (translator.accept('from')) {
      const text = translator.expression();
      end(translator);
      return made('text', named, text.columns);
    }
    const first = translator.expression();
    if (!translator.accept('from')) {
      if (translator.is(',')) {
        translator.copy();
        translator.expression();
      }
      end(translator);
      return made('text', named, first.columns);
    }
    const characters = translator.cut(mark);
    const text = translator.expression();
    translator.put(`, ${characters.trim()}`);
    end(translator);
    return made('text', named, first.columns || text.columns);
  },
  overlay(translator) {
    translator.at++;
    translator.put('overlay_text(');
    const text = translator.expression();
    for (const word of ['placing', 'from', 'for']) {
      if (word === 'for' && !translator.isWord('for')) break;
      translator.expect(word);
      translator.put(',');
      translator.expression();
    }
    end(translator);
    return made('text', 'overlay', text.columns);
  },
  /** A fraction from 0 to 1; SQLite's random() is a whole number. */
  random(translator) {
    translator.at++;
    if (!translator.acceptSymbol(')')) return undefined;
    translator.put('((random() & 9007199254740991) / 9007199254740992.0)');
    return made('float8', 'random', true);
  },
  percentile_cont: orderedSet('percentile_cont'),
  percentile_disc: orderedSet('percentile_disc'),
};

/** `f(fraction) WITHIN GROUP (ORDER BY x)` is `f(x, fraction)`. */
function orderedSet(name: string): (translator: Translator) => Expression {
  return (translator) => {
    translator.at++;
    const mark = translator.mark;
    translator.expression();
    const fraction = translator.cut(mark);
    translator.expectSymbol(')');
    translator.expect('within', 'group');
    translator.expectSymbol('(');
    translator.expect('order', 'by');
    translator.put(`${name}(`);
    const of = translator.expression();
    if (translator.isWord('desc')) throw translator.unsupported('WITHIN GROUP (ORDER BY ... DESC)');
    translator.accept('asc');
    translator.put(`, ${fraction.trim()}`);
    end(translator);
    return made(name === 'percentile_cont' ? 'float8' : of.type, name, true);
  };
}

function end(translator: Translator): void {
  translator.expectSymbol(')');
  translator.put(')');
}

function made(type: string | undefined, name: string, columns: boolean): Expression {
  return { first: 0, level: Level.PRIMARY, type, name, columns };
}
