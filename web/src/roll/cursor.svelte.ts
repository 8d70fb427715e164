// Where the keyboard writes: a place in time and pitch, in one lane.

class Cursor {
  at = $state(0);
  pitch = $state(60);
  key = $state('melody');
}

export const cursor = new Cursor();
