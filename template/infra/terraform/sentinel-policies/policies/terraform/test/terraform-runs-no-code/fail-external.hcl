mock "tfconfig/v2" {
  module {
    source = "mocks/fail-external-config.sentinel"
  }
}

import "module" "report" {
  source = "../../../../modules/report/report.sentinel"
}

test {
  rules = {
    main = false
  }
}
