/** Services whose way of being told is built in: all.ts says how. */
export const PRESET_NAMES = ['slack', 'mattermost', 'rocket-chat', 'discord', 'teams', 'google-chat', 'telegram', 'ntfy', 'gotify', 'pagerduty'] as const;
export type PresetName = (typeof PRESET_NAMES)[number];
