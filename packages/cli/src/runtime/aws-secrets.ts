/**
 * Reads secrets from AWS. A file of its own in the command's build, so that only those who use it load the AWS SDK.
 */

// On Node 20 the AWS SDK prints a warning of nine lines at its first use, of which users can make nothing.
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';

export { readAwsSecret } from '@mcp-daemon/aws';
