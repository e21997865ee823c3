import { expect, test } from 'vitest'
import { Events } from './presence'

test('events come in pieces', () => {
  const e = new Events()
  expect(e.read(': still here\n\nevent: st')).toEqual([])
  expect(e.read('atus\ndata: {"status":"Softphone lost",')).toEqual([])
  expect(e.read('"why":"x"}\n\nevent: taken\ndata:\n\n')).toEqual([
    { name: 'status', data: '{"status":"Softphone lost","why":"x"}' }, { name: 'taken', data: '' },
  ])
})
