async (stream) => {
  if (!stream || stream.getAudioTracks().length === 0) return [];
  const context = new AudioContext();
  try {
    await context.resume();
    const ear = new AnalyserNode(context, { fftSize: 32768, smoothingTimeConstant: 0, minDecibels: -100 });
    context.createMediaStreamSource(stream).connect(ear);
    const needed = ear.fftSize / context.sampleRate + 0.1; // seconds, until its window holds nothing older
    const until = context.currentTime + needed;
    const limit = performance.now() + 20000;
    while (context.currentTime < until && performance.now() < limit) await new Promise((done) => setTimeout(done, 20));
    const decibels = new Float32Array(ear.frequencyBinCount);
    ear.getFloatFrequencyData(decibels);
    const width = context.sampleRate / ear.fftSize;
    const tones = [];
    for (let i = 2; i < decibels.length - 2; i++) {
      const peak = decibels[i] >= decibels[i - 1] && decibels[i] > decibels[i + 1] && decibels[i] >= decibels[i - 2] && decibels[i] > decibels[i + 2];
      if (peak && decibels[i] > -55) tones.push({ hz: i * width, level: 10 ** (decibels[i] / 20) });
    }
    return tones.sort((a, b) => b.level - a.level).slice(0, 8);
  } finally {
    await context.close();
  }
}
