import { typeNames } from './type-names.ts';

test.each([
  ['iris', 'Iris'],
  ['house-prices', 'HousePrices'],
  ['house_prices', 'HousePrices'],
  ['XGBoost v2.1', 'XGBoostV21'],
  ['1st', 'Model1st'],
  ['--', 'Model'],
  ['naïve', 'Naive'],
  ['größe', 'Groe'],
  ['房价', 'Model'],
  ['房价 prices', 'Prices'],
])('%s → %s', (text, name) => {
  expect(typeNames([text])).toEqual([name]);
});

test('two texts never get the same name', () => {
  expect(typeNames(['a-b', 'a_b', 'aB', 'AB', 'AB_2'])).toEqual(['AB', 'AB_2', 'AB_3', 'AB_4', 'AB2']);
});
