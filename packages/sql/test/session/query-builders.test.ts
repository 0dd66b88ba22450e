import assert from 'node:assert/strict';
import { test } from 'node:test';
import knexFor from 'knex';
import { type Generated, Kysely, PostgresDialect, sql } from 'kysely';
import pg from 'pg';
import { serveSql } from './serving.ts';

const at = (port: number) => ({ host: '127.0.0.1', port, user: 'ana', database: 'test' });

test('Knex: tables with a foreign key, changes of them, rows, a join, transactions, and what it asks the catalog', async (context) => {
  const { port } = await serveSql(context);
  const knex = knexFor({ client: 'pg', connection: at(port), pool: { min: 0, max: 2 } });
  await knex.schema.createTable('authors', (table) => {
    table.increments('id');
    table.string('name', 100).notNullable();
    table.string('email').unique();
    table.timestamps(true, true);
  });
  await knex.schema.createTable('books', (table) => {
    table.increments('id');
    table.integer('author').notNullable().references('id').inTable('authors').onDelete('CASCADE');
    table.string('title');
    table.index(['title']);
  });
  await knex('authors').insert([{ name: 'Ann', email: 'a@x' }, { name: 'Bob' }]);
  const ids = await knex('books')
    .insert([
      { author: 1, title: 'One' },
      { author: 1, title: 'Two' },
      { author: 2, title: 'Three' },
    ])
    .returning('id');
  assert.deepEqual(ids, [{ id: 1 }, { id: 2 }, { id: 3 }]);
  await assert.rejects(knex('books').insert({ author: 9 }), { code: '23503' });

  await knex.schema.alterTable('books', (table) => {
    table.string('title', 300).notNullable().defaultTo('untitled').alter();
    table.string('isbn').notNullable().defaultTo('none');
    table.integer('editor').references('id').inTable('authors');
    table.dropForeign('author');
  });
  await knex.schema.alterTable('books', (table) => {
    table.foreign('author').references('id').inTable('authors');
    table.unique(['author', 'title']);
  });
  await assert.rejects(knex('books').insert({ author: 9 }), { code: '23503' });
  await assert.rejects(knex('books').insert({ author: 1, title: 'One' }), { code: '23505' });

  const counts = await knex('books')
    .join('authors', 'authors.id', 'books.author')
    .groupBy('name')
    .orderBy('name')
    .select('name')
    .count('* as books');
  assert.deepEqual(counts, [
    { name: 'Ann', books: '2' },
    { name: 'Bob', books: '1' },
  ]);

  const failed = knex.transaction(async (transaction) => {
    await transaction('books').where({ author: 1 }).forUpdate();
    await transaction('books').where({ author: 1 }).delete();
    throw new Error('no');
  });
  await assert.rejects(failed, { message: 'no' });
  await knex.transaction((transaction) => transaction('authors').where({ id: 2 }).update({ name: 'Bo' }));
  assert.deepEqual(await knex('books').select('author').where('author', 1), [{ author: 1 }, { author: 1 }]);
  const merged = await knex('authors')
    .insert({ name: 'Anna', email: 'a@x' })
    .onConflict('email')
    .merge()
    .returning('id');
  assert.deepEqual(merged, [{ id: 1 }]);

  assert.deepEqual([await knex.schema.hasTable('books'), await knex.schema.hasTable('films')], [true, false]);
  assert.deepEqual(await knex('books').columnInfo('title'), {
    type: 'character varying',
    maxLength: 300,
    nullable: false,
    defaultValue: "'untitled'",
  });
  await knex.destroy();
});

type Tables = {
  authors: { id: Generated<number>; name: string };
  books: { id: Generated<number>; author: number; title: string | null; pages: Generated<number> };
};

test('Kysely: tables with a foreign key, rows, a join, transactions, and what it asks the catalog', async (context) => {
  const { port } = await serveSql(context);
  const pool = new pg.Pool({ ...at(port), max: 2 });
  pool.on('error', () => {});
  const database = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
  await database.schema
    .createTable('authors')
    .addColumn('id', 'serial', (column) => column.primaryKey())
    .addColumn('name', 'varchar(100)', (column) => column.notNull())
    .execute();
  await database.schema
    .createTable('books')
    .addColumn('id', 'serial', (column) => column.primaryKey())
    .addColumn('author', 'integer', (column) => column.notNull())
    .addColumn('title', 'text')
    .addColumn('pages', 'integer')
    .execute();
  await database.schema
    .alterTable('books')
    .addForeignKeyConstraint('books_author', ['author'], 'authors', ['id'])
    .onDelete('cascade')
    .execute();
  await database.schema
    .alterTable('books')
    .alterColumn('pages', (column) => column.setDefault(sql`100`))
    .alterColumn('pages', (column) => column.setNotNull())
    .execute();

  const ann = await database
    .insertInto('authors')
    .values({ name: 'Ann' })
    .returningAll()
    .executeTakeFirstOrThrow();
  assert.deepEqual(ann, { id: 1, name: 'Ann' });
  await database
    .insertInto('books')
    .values([
      { author: ann.id, title: 'One' },
      { author: ann.id, title: null },
    ])
    .execute();
  await assert.rejects(database.insertInto('books').values({ author: 9, title: '' }).execute(), {
    code: '23503',
  });
  const rows = await database
    .selectFrom('books')
    .innerJoin('authors', 'authors.id', 'books.author')
    .select(['name', 'title', 'pages'])
    .where('title', 'is not', null)
    .execute();
  assert.deepEqual(rows, [{ name: 'Ann', title: 'One', pages: 100 }]);

  const failed = database.transaction().execute(async (transaction) => {
    await transaction.deleteFrom('authors').execute();
    const { count } = await transaction
      .selectFrom('books')
      .select(({ fn }) => fn.countAll<string>().as('count'))
      .executeTakeFirstOrThrow();
    throw new Error(`${count} books`);
  });
  await assert.rejects(failed, { message: '0 books' });
  await database
    .transaction()
    .setIsolationLevel('serializable')
    .execute((transaction) =>
      transaction.updateTable('books').set({ title: 'Two' }).where('id', '=', 2).execute(),
    );
  assert.deepEqual(await database.selectFrom('books').select('title').orderBy('id').execute(), [
    { title: 'One' },
    { title: 'Two' },
  ]);

  const tables = await database.introspection.getTables();
  assert.deepEqual(
    tables.map(({ name, columns }) => [name, columns.map((column) => column.name)]),
    [
      ['authors', ['id', 'name']],
      ['books', ['id', 'author', 'title', 'pages']],
    ],
  );
  const pages = tables[1]?.columns.find(({ name }) => name === 'pages');
  assert.deepEqual([pages?.dataType, pages?.isNullable, pages?.hasDefaultValue], ['int4', false, true]);
  await database.destroy();
});
