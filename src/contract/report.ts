import { isInteger, isRecordWith, isText } from '../base/shape.ts';

/** Where the supervisor sends metrics of its own: carbon's plaintext port, and what their names begin with (`dkm.org.example.host`). */
export interface ReportSpec {
  host: string;
  port: number;
  prefix: string;
}

const isSpec = isRecordWith({ host: isText, port: isInteger, prefix: isText });

/** True for a report as the commands of this version hand it to the supervisor. */
export function isReportSpec(value: unknown): value is ReportSpec {
  return isSpec(value);
}
