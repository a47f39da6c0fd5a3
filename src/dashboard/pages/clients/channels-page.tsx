import type { ReactNode } from 'react';
import { useRoute } from '../../route.ts';
import { ChannelDetails } from './channel-details.tsx';
import { ChannelList } from './channel-list.tsx';

export function ChannelsPage(): ReactNode {
  const name = useRoute().segments[1];
  return name === undefined ? <ChannelList /> : <ChannelDetails key={name} name={name} />;
}
