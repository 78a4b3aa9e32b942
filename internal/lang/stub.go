package lang

var commandTexts, flagTexts, sayTexts, welcomeTexts []text
