import { expect, test } from 'vitest';
import { messages } from '../../../shared/languages/translate.ts';
import { menuPages } from '../../../src-renderer/frame/pages.ts';
import { settingSections } from '../../../src-renderer/settings/setting-items.tsx';
import { guidePictures } from '../../tour/guide-picture-list.ts';
import { moreScenes, scenes, SETTINGS_SECTIONS } from '../../renderer/scenes.ts';

const all = [...scenes, ...moreScenes];

test('each page of the menu has a stop in the tour', () => {
  const shown = new Set(all.map(({ page }) => page));
  expect(menuPages.map(({ id }) => id).filter((id) => !shown.has(id))).toEqual([]);
});

test('each section of the settings has a stop, in the order of the page; the file and what is known of the app come last', () => {
  expect(SETTINGS_SECTIONS.map((name) => `settings.${name}`)).toEqual([...settingSections.map(({ title }) => title), 'settings.file', 'settings.about']);
  expect(SETTINGS_SECTIONS.filter((name) => !(`settings.${name}` in messages.en))).toEqual([]);
  expect(SETTINGS_SECTIONS.filter((name) => !all.some((scene) => scene.name === `settings: ${name}`))).toEqual([]);
});

test('no two stops have one name, nor names that would be one file', () => {
  const names = all.map(({ name }) => name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-'));
  expect(names.filter((name, place) => names.indexOf(name) !== place)).toEqual([]);
});

test('each picture of the guides shows a scene that there is', () => {
  const names = new Set(all.map(({ name }) => name));
  expect(guidePictures.map(({ scene }) => scene).filter((scene) => !names.has(scene))).toEqual([]);
});
