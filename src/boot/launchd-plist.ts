import { join } from 'node:path';
import type { InstallationFacts } from './facts.ts';
import { markerOf } from './marker.ts';
import { longestChainMs, type Scope } from './plan.ts';
import { xmlText } from './quoting.ts';

/** What stopping takes besides the services' own times. */
const MARGIN_S = 30;

/** The job of an installation: a LaunchDaemon that runs as its owner, or the owner's LaunchAgent. Pure. launchd.plist(5) */
export function launchdPlist({ layout, owner, services }: InstallationFacts, unit: string, scope: Scope): string {
  const stopS = Math.ceil(longestChainMs(services, (service) => service.stop.timeoutMs) / 1000) + MARGIN_S;
  return `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<!-- Made by "dkmadmin install-boot"; "dkmadmin remove-boot" removes it. -->
<!-- ${markerOf(layout.root)} -->
<plist version="1.0">
<dict>
  <key>Label</key>
  <string>org.dkm.${unit}</string>
  <key>ProgramArguments</key>
  <array>
    <string>${xmlText(join(layout.bin, 'dkm'))}</string>
    <string>start</string>
    <string>--foreground</string>
  </array>
${
  scope === 'system'
    ? `  <key>UserName</key>
  <string>${xmlText(owner.user)}</string>
  <key>GroupName</key>
  <string>${xmlText(owner.group)}</string>
`
    : ''
}  <key>RunAtLoad</key>
  <true/>
  <!-- Ended by "dkm stop" it stays down; anything else starts it again. -->
  <key>KeepAlive</key>
  <dict>
    <key>SuccessfulExit</key>
    <false/>
  </dict>
  <key>ThrottleInterval</key>
  <integer>10</integer>
  <!-- The longest chain of services that wait for each other, by the times they may take to stop. -->
  <key>ExitTimeOut</key>
  <integer>${stopS}</integer>
  <!-- Services outlive a killed supervisor, and the next one takes them over. -->
  <key>AbandonProcessGroup</key>
  <true/>
  <key>Umask</key>
  <integer>${0o077}</integer>
  <key>SoftResourceLimits</key>
  <dict>
    <key>NumberOfFiles</key>
    <integer>65536</integer>
  </dict>
</dict>
</plist>
`;
}
