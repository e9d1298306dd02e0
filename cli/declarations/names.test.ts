import { comment, literal, property, typeNames } from './names.ts';

test.each([
  ['iris', 'Iris'],
  ['house-prices', 'HousePrices'],
  ['house_prices', 'HousePrices'],
  ['XGBoost v2.1', 'XGBoostV21'],
  ['1st', 'Model1st'],
  ['--', 'Model'],
  ['größe', 'Größe'],
  ['房价', '房价'],
  ['naïve', 'Naïve'],
])('%s → %s', (model, type) => {
  expect(typeNames([model]).get(model)).toBe(type);
});

test('two models never share a type', () => {
  expect([...typeNames(['a-b', 'a_b', 'aB', 'AB', 'AB_2']).values()]).toEqual(['AB', 'AB_2', 'AB_3', 'AB_4', 'AB2']);
});

test('texts, properties and comments stay what they are', () => {
  expect(literal(`it's "x" \\ \n`)).toBe(`'it\\'s "x" \\\\ \\n'`);
  expect([property('sepal_length'), property('sepal length'), property('1'), property("'")]).toEqual([
    'sepal_length',
    "'sepal length'",
    "'1'",
    "'\\''",
  ]);
  expect(comment(['Ends */ here.', undefined, 'On\ntwo lines.'], '  ')).toBe(
    '  /** Ends *\u200b/ here. On two lines. */\n',
  );
  expect(comment([undefined, ''])).toBe('');
});
