/** Reads server-sent events until the server ends them. */
export async function readStream(url: string, receive: (data: unknown) => void): Promise<void> {
  const { body } = await fetch(url);
  let rest = '';
  try {
    for await (const chunk of body!.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop()!;
      for (const line of lines.filter((each) => each.startsWith('data: '))) receive(JSON.parse(line.slice(6)));
    }
  } catch {
    // The board has closed the connection.
  }
}
