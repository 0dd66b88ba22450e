import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ENDLESS, numbers } from '../support.ts';
import { serveSql } from './serving.ts';

const works = (program: string, ...args: string[]) => spawnSync(program, args).status === 0;
const psql = works('psql', '--version');
const pgbench = works('pgbench', '--version');
const PYTHON = '/usr/bin/python3';
const JDBC = '/usr/share/java/postgresql.jar';

type Ran = { readonly status: number | null; readonly out: string; readonly err: string };

/** Runs a program to its end, without stopping the server that is in this process. */
async function run(program: string, args: readonly string[], input = ''): Promise<Ran> {
  const child = spawn(program, args, { env: { ...process.env, PGCONNECT_TIMEOUT: '20', LC_ALL: 'C.UTF-8' } });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on('data', (bytes: Buffer) => out.push(bytes));
  child.stderr.on('data', (bytes: Buffer) => err.push(bytes));
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const status = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { status, out: Buffer.concat(out).toString(), err: Buffer.concat(err).toString() };
}

function folderFor(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'zocalo-clients-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const where = (port: number) => ['-h', '127.0.0.1', '-p', String(port), '-U', 'ana'];

const tables = `${numbers(3)}
  CREATE TABLE parents (id INTEGER PRIMARY KEY, name VARCHAR(20) NOT NULL UNIQUE);
  CREATE TABLE children (id INTEGER PRIMARY KEY, parent INTEGER NOT NULL REFERENCES parents (id), note TEXT DEFAULT 'x');
  CREATE INDEX children_parent ON children (parent);
  CREATE VIEW names AS SELECT name FROM parents;`;

test('psql: a COPY that fails reports the line, the column and the value', {
  skip: !psql && 'psql is not installed (Debian: postgresql-client)',
}, async (context) => {
  const { port } = await serveSql(context, numbers(1));
  const script = 'COPY t (id, other) FROM STDIN;\n5\t1\n6\tx\n7\t1\n\\.\nSELECT count(*) FROM t;\n';
  const { out, err } = await run('psql', [...where(port), '-X', '-A', '-t', 't'], script);
  assert.match(
    err,
    /invalid input syntax for type integer: "x"\nCONTEXT: {2}COPY t, line 2, column other: "x"/,
  );
  assert.equal(out, '1\n');
});

test('psql: statements, their results and errors', {
  skip: !psql && 'psql is not installed (Debian: postgresql-client)',
}, async (context) => {
  const { port } = await serveSql(context, tables);
  const script = `
    SELECT id, name FROM t ORDER BY id;
    SELECT nothing FROM t;
    INSERT INTO parents (name) VALUES ('a'), ('b');
    SELECT 1 AS a \\gdesc
    \\copy parents TO STDOUT
    BEGIN; DELETE FROM parents; ROLLBACK;
    SELECT count(*) FROM parents;`;
  const { out, err } = await run('psql', [...where(port), '-X', '-A', 't'], script);
  assert.equal(
    out,
    'id|name\n1|name 1\n2|name 2\n3|name 3\n(3 rows)\nINSERT 0 2\nColumn|Type\na|integer\n(1 row)\n1\ta\n2\tb\nBEGIN\nDELETE 2\nROLLBACK\ncount\n2\n(1 row)\n',
  );
  assert.match(err, /ERROR: {2}column "nothing" does not exist\nLINE 1: SELECT nothing FROM t;\n {15}\^/);
});

test('psql: a transaction whose process had to be ended has failed as a whole, savepoints and all', {
  skip: !psql && 'psql is not installed (Debian: postgresql-client)',
}, async (context) => {
  const { port } = await serveSql(context, numbers(1));
  const script = `BEGIN; SAVEPOINT s; INSERT INTO t (id) VALUES (5);\nSET statement_timeout = 100;\n${ENDLESS};
    ROLLBACK TO s;\nSELECT 1;\nROLLBACK;\nINSERT INTO t (id) VALUES (6);\nSELECT id FROM t ORDER BY id;\n`;
  const args = [...where(port), '-X', '-A', '-t', '-v', 'VERBOSITY=sqlstate', 't'];
  const { out, err } = await run('psql', args, script);
  assert.deepEqual(err.match(/[0-9A-Z]{5}(?=\n)/g), ['57014', '25P02', '25P02']);
  assert.deepEqual(out.trim().split('\n').slice(-4), ['ROLLBACK', 'INSERT 0 1', '1', '6']);
});

test('psql describes what there is', {
  skip: !psql && 'psql is not installed (Debian: postgresql-client)',
}, async (context) => {
  const { port } = await serveSql(context, tables);
  const ask = async (command: string) => {
    const { out, err } = await run('psql', [...where(port), '-X', '-A', 'test'], `${command}\n`);
    assert.equal(err, '', command);
    return out;
  };
  assert.match(await ask('\\dt'), /public\|parents\|table\|/);
  assert.match(await ask('\\d'), /public\|names\|view\|/);
  assert.match(await ask('\\dv'), /public\|names\|view\|/);
  assert.match(await ask('\\di'), /public\|children_parent\|index\|\w+\|children/);
  assert.match(await ask('\\l'), /^test\|/m);
  assert.match(await ask('\\dn'), /public\|/);
  assert.match(await ask('\\du'), /ana\|/);
  const described = await ask('\\d children');
  assert.match(described, /parent\|integer\|\|not null\|/);
  assert.match(described, /note\|text\|\|\|'x'/);
  assert.match(described, /FOREIGN KEY \(parent\) REFERENCES parents\(id\)/);
  assert.match(await ask('\\d parents'), /character varying\(20\)/);
});

test('pgbench makes its tables, and every mode runs without a failure', {
  skip: !pgbench && 'pgbench is not installed (Debian: postgresql-contrib, or postgresql)',
}, async (context) => {
  const { port } = await serveSql(context);
  const made = await run('pgbench', [...where(port), '-i', '-q', 'test']);
  assert.equal(made.status, 0, made.err);
  for (const mode of ['simple', 'extended', 'prepared']) {
    for (const what of [
      ['-S', '-t', '50'],
      ['-N', '-t', '5'],
      ['-t', '5'],
    ]) {
      const { status, out, err } = await run('pgbench', [
        ...where(port),
        '-c',
        '4',
        '-j',
        '2',
        '-n',
        '-M',
        mode,
        ...what,
        'test',
      ]);
      assert.equal(status, 0, `${mode} ${what.join(' ')}: ${err}`);
      assert.match(out, /number of failed transactions: 0 /, `${mode} ${what.join(' ')}`);
    }
  }
  const { out } = await run(
    'psql',
    [...where(port), '-X', '-A', '-t', 'test'],
    `
    SELECT (SELECT sum(abalance) FROM pgbench_accounts) = (SELECT sum(delta) FROM pgbench_history);
    SELECT count(*) FROM pgbench_history;\n`,
  );
  assert.equal(out, 't\n120\n');
});

const psycopg2 = works(PYTHON, '-c', 'import psycopg2');

test('psycopg2: parameters, errors, named cursors and COPY', {
  skip: !psycopg2 && 'psycopg2 is not installed (Debian: python3-psycopg2)',
}, async (context) => {
  const { port } = await serveSql(context, tables);
  const script = `
import psycopg2, io, datetime, decimal
c = psycopg2.connect(host='127.0.0.1', port=${port}, user='ana', dbname='test')
k = c.cursor()
k.execute("CREATE TABLE p (i int, s text, d date, n numeric(8,2), b bytea, f boolean)")
k.execute("INSERT INTO p VALUES (%s,%s,%s,%s,%s,%s)", (1, "it's", datetime.date(2020,2,29), decimal.Decimal('1.25'), psycopg2.Binary(b'\\x00\\xff'), True))
c.commit()
k.execute("SELECT * FROM p")
r = k.fetchone()
print(r[:4], bytes(r[4]), r[5])
try:
    k.execute("INSERT INTO parents (name) VALUES (NULL)")
except psycopg2.errors.NotNullViolation as e:
    print(type(e).__name__)
c.rollback()
n = c.cursor('named')
n.itersize = 2
n.execute("SELECT id FROM t ORDER BY id")
print([x[0] for x in n])
n.close()
k.copy_from(io.StringIO("7\\tseven\\n8\\teight\\n"), 'parents', columns=('id', 'name'))
o = io.StringIO()
k.copy_to(o, 'parents')
print(repr(o.getvalue()))
c.commit()
c.close()`;
  const { out, err } = await run(PYTHON, ['-c', script]);
  assert.equal(err, '');
  assert.equal(
    out,
    `(1, "it's", datetime.date(2020, 2, 29), Decimal('1.25')) b'\\x00\\xff' True\nNotNullViolation\n[1, 2, 3]\n'7\\tseven\\n8\\teight\\n'\n`,
  );
});

const psycopg3 = works(PYTHON, '-c', 'import psycopg');

test('psycopg 3: parameters, a prepared statement, a pipeline and a cursor of the server', {
  skip: !psycopg3 && 'psycopg is not installed (Debian: python3-psycopg)',
}, async (context) => {
  const { port } = await serveSql(context, tables);
  const script = `
import psycopg, datetime
with psycopg.connect("host=127.0.0.1 port=${port} user=ana dbname=test") as c:
    for i in range(8):
        c.execute("INSERT INTO parents (name) VALUES (%s)", (f"p{i}",))
    print(c.execute("SELECT count(*), max(name) FROM parents WHERE id > %s", (2,)).fetchone())
    print(c.execute("SELECT %s::timestamptz", (datetime.datetime(2020,2,29,12,tzinfo=datetime.timezone.utc),)).fetchone()[0].isoformat())
    with c.transaction():
        c.execute("DELETE FROM parents WHERE id = %s", (1,))
    cur = c.cursor(binary=True)
    print(cur.execute("SELECT id, name FROM parents ORDER BY id LIMIT 2").fetchall())
    with c.cursor("server") as s:
        s.itersize = 3
        s.execute("SELECT id FROM parents WHERE id > %s ORDER BY id", (3,))
        print([r[0] for r in s])
    if psycopg.capabilities.has_pipeline() if hasattr(psycopg, 'capabilities') else psycopg.Pipeline.is_supported():
        with c.pipeline():
            a = c.execute("SELECT 1")
            b = c.execute("SELECT 2")
            print(a.fetchone(), b.fetchone())
    else:
        print("(1,) (2,)")
    try:
        c.execute("SELECT * FROM nowhere")
    except psycopg.errors.UndefinedTable as e:
        print(e.sqlstate)`;
  const { out, err } = await run(PYTHON, ['-c', script]);
  assert.equal(err, '');
  assert.equal(
    out,
    "(6, 'p7')\n2020-02-29T12:00:00+00:00\n[(2, 'p1'), (3, 'p2')]\n[4, 5, 6, 7, 8]\n(1,) (2,)\n42P01\n",
  );
});

const jdbc = existsSync(JDBC) && works('javac', '--version');

test('JDBC: prepared statements past the change to binary, batches, fetch sizes and what the database has', {
  skip:
    !jdbc && 'a JDK and the driver are not installed (Debian: default-jdk-headless, libpostgresql-jdbc-java)',
}, async (context) => {
  const { port } = await serveSql(context, tables);
  const folder = folderFor(context);
  const source = join(folder, 'Client.java');
  writeFileSync(
    source,
    `
import java.sql.*;
public class Client {
  public static void main(String[] args) throws Exception {
    try (Connection c = DriverManager.getConnection("jdbc:postgresql://127.0.0.1:${port}/test", "ana", "")) {
      try (PreparedStatement p = c.prepareStatement("INSERT INTO parents (id, name) VALUES (?, ?)")) {
        for (int i = 1; i <= 12; i++) { p.setInt(1, i); p.setString(2, "p" + i); p.addBatch(); }
        System.out.println(p.executeBatch().length);
      }
      long sum = 0;
      try (PreparedStatement p = c.prepareStatement("SELECT id, name FROM parents WHERE id = ?")) {
        for (int i = 1; i <= 12; i++) {
          p.setInt(1, i);
          try (ResultSet r = p.executeQuery()) { r.next(); sum += r.getInt(1); if (!r.getString(2).equals("p" + i)) throw new Exception("wrong"); }
        }
      }
      System.out.println(sum);
      c.setAutoCommit(false);
      try (Statement s = c.createStatement()) {
        s.setFetchSize(5);
        int count = 0;
        try (ResultSet r = s.executeQuery("SELECT id FROM parents ORDER BY id")) { while (r.next()) count++; }
        System.out.println(count);
        try { s.executeUpdate("INSERT INTO parents (id, name) VALUES (1, 'again')"); }
        catch (SQLException e) { System.out.println(e.getSQLState()); }
        c.rollback();
      }
      DatabaseMetaData m = c.getMetaData();
      StringBuilder b = new StringBuilder();
      try (ResultSet r = m.getTables(null, "public", "%", new String[] {"TABLE"})) { while (r.next()) b.append(r.getString("TABLE_NAME")).append(' '); }
      System.out.println(b.toString().trim());
      b.setLength(0);
      try (ResultSet r = m.getColumns(null, "public", "children", "%")) { while (r.next()) b.append(r.getString("COLUMN_NAME")).append(':').append(r.getString("TYPE_NAME")).append(' '); }
      System.out.println(b.toString().trim());
      try (Statement s = c.createStatement(); ResultSet r = s.executeQuery("SELECT note AS n FROM children")) {
        System.out.println(((org.postgresql.PGResultSetMetaData) r.getMetaData()).getBaseTableName(1) + "." + ((org.postgresql.PGResultSetMetaData) r.getMetaData()).getBaseColumnName(1));
      }
      try (ResultSet r = m.getPrimaryKeys(null, "public", "children")) { r.next(); System.out.println(r.getString("COLUMN_NAME")); }
    }
  }
}`,
  );
  const { out, err } = await run('java', ['-XX:TieredStopAtLevel=1', '-cp', JDBC, source]);
  assert.equal(err, '');
  assert.equal(
    out,
    '12\n78\n12\n23505\nchildren parents t\nid:int4 parent:int4 note:text\nchildren.note\nid\n',
  );
});
